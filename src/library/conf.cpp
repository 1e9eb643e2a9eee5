#include "ampd/conf.hpp"

#include "job/job_file.hpp"

namespace ampd {
namespace {

Conf conf_of(const job::Lint& lint) {
  const auto job = std::make_shared<const job::Job>(require_job(lint));
  return {job->settings, job};
}

}  // namespace

Conf read_conf(const std::filesystem::path& file) {
  return conf_of(job::lint(file, job::Purpose::conf));
}

Conf parse_conf(const std::string& yaml) {
  return conf_of(job::lint_text(yaml, "the conf", job::Purpose::conf));
}

}  // namespace ampd
