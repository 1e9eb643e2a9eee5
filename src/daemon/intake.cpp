#include "daemon/intake.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "ampd/error.hpp"
#include "daemon/ask.hpp"
#include "job/data_path.hpp"
#include "scheduler/orders.hpp"

namespace ampd::daemon {
namespace {

std::string listed(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

bool can_be_tuned(const TuningSpace& space) {
  return std::ranges::any_of(space.ops, [&](const TunableOp& op) {
    return std::ranges::find(op.precisions, space.target) != op.precisions.end();
  });
}

void require_tunable(const job::Job& job, const protocol::Inspected& inspected) {
  const std::string model = job.model_path.string();
  if (!inspected.unsupported.empty()) {
    throw Error(ErrorCode::unsupported,
                model + " has operators that ampd cannot run: " + listed(inspected.unsupported));
  }
  if (can_be_tuned(inspected.space)) return;
  throw Error(ErrorCode::unsupported,
              "no operator of " + model + " can be tuned to " +
                  std::string(to_string(job.target())) + " on this machine" +
                  (inspected.missing_feature.empty() ? "" : ": " + inspected.missing_feature));
}

}  // namespace

boost::asio::awaitable<scheduler::Submission> examine(runner::Runner& runner, job::Job job,
                                                      std::string job_file, uid_t owner_uid) {
  const std::filesystem::path folder = job.model_path.parent_path();
  protocol::Order inspect =
      scheduler::inspect_order(job, {job.model_path, folder, job.model_path.string()});
  const protocol::Reply inspection = co_await ask(runner, std::move(inspect), job.threads,
                                                  "the inspection of " + job.model_path.string());
  const auto& inspected = std::get<protocol::Inspected>(inspection);
  require_tunable(job, inspected);

  std::vector<std::filesystem::path> paths{job.model_path};
  for (const std::string& file : inspected.external_files) paths.push_back(folder / file);
  for (const std::filesystem::path& path : job::data_paths(job)) paths.push_back(path);
  protocol::Order hash = protocol::Hash{paths};
  const protocol::Reply hashing =
      co_await ask(runner, std::move(hash), job.threads, "reading the inputs of " + job.name);
  const std::vector<std::string>& digests = std::get<protocol::Hashed>(hashing).digests;

  scheduler::Submission submission;
  submission.model_digest = digests.at(0);
  for (std::size_t i = 1; i < paths.size(); ++i) {
    submission.inputs.push_back({paths[i], digests.at(i)});
  }
  submission.job = std::move(job);
  submission.job_file = std::move(job_file);
  submission.space = inspected.space;
  submission.fingerprint = inspected.fingerprint;
  submission.is_emulated = inspected.is_emulated;
  submission.owner_uid = owner_uid;
  co_return submission;
}

}  // namespace ampd::daemon
