#include "daemon/run.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/exit_code.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "daemon/progress.hpp"
#include "daemon/watch.hpp"
#include "job/job_file.hpp"
#include "runner/rethrow.hpp"
#include "store/resource.hpp"
#include "terminal/job_summary.hpp"

namespace ampd::daemon {
namespace {

namespace asio = boost::asio;

}  // namespace

JobFile read_job_file(const std::filesystem::path& path) {
  std::string text = base::read_text(path, base::limits::job_file_bytes);
  const job::Lint lint = job::lint_text(text, path);
  for (const job::Problem& problem : lint.warnings) {
    std::fprintf(stderr, "warning: %s\n", to_string(problem).c_str());
  }
  return {job::require_job(lint), std::move(text)};
}

Run::Run(RunOptions options, JobFile job_file)
    : options_(std::move(options)),
      job_file_(std::move(job_file)),
      signals_(context_, SIGTERM, SIGINT),
      store_(store::StateDirectory::resolve(options_.state_dir), clock_,
             {.allows_network = options_.allows_network_state}),
      worker_(context_),
      loop_(
          context_, store_, worker_, clock_, [](const store::Event&) {},
          [](const std::string& /*the display tells*/) {}),
      display_(terminal::Screen(STDERR_FILENO)) {}

int Run::run() {
  asio::co_spawn(context_, handle_signals(), runner::rethrow);
  asio::co_spawn(context_, work(), runner::rethrow);
  loop_.run();
  return exit_code_;
}

asio::awaitable<void> Run::work() {
  const std::int64_t job = co_await find_or_submit();
  if (!store::is_final(state(job))) {
    go_on(job);
    co_await follow(job);
  }
  show_result(job);
  context_.stop();
}

asio::awaitable<std::int64_t> Run::find_or_submit() {
  const scheduler::Submission submission =
      co_await examine(worker_, job_file_.job, job_file_.text, ::geteuid());
  const std::string identity =
      store::identity(submission.job, submission.model_digest, submission.inputs);
  std::optional<std::int64_t> known;
  if (!options_.again) known = store_.reader().find_identity(identity);
  if (!options_.again && !known && submission.job.lanes == 0) {
    // As versions without lanes knew it.
    job::Job earlier = submission.job;
    earlier.lanes = 1;
    known = store_.reader().find_identity(
        store::identity(earlier, submission.model_digest, submission.inputs));
  }
  co_return known ? *known : loop_.scheduler().submit(submission);
}

void Run::go_on(std::int64_t job) {
  loop_.scheduler().set_pass_limits(
      {.memory_bytes = options_.memory_mib << 20, .trials = options_.trials_together});
  if (state(job) == store::JobState::paused) {
    loop_.scheduler().resume(job, options_.accepts_fingerprint);
  }
  loop_.scheduler().start(job);
  loop_.changed();
}

asio::awaitable<void> Run::follow(std::int64_t job) {
  const store::Reader& reader = store_.reader();
  const auto now = [&] { return progress(reader, loop_.scheduler().status(), job); };
  Watch watch(context_.get_executor(), reader, loop_.changes(), now, job);
  while (const std::optional<Json> line = co_await watch.next()) {
    display_.show(*line);
    if (state(job) == store::JobState::paused) break;
  }
  display_.close();
}

void Run::show_result(std::int64_t job) {
  Json result =
      store::read_resource(store_.reader(), {{"jobs", std::to_string(job), "result"}, {}});
  const bool is_paused = state(job) == store::JobState::paused;
  exit_code_ = static_cast<int>(is_paused ? base::ExitCode::failed
                                          : terminal::job_exit_code(result.at("job")));
  const std::string database = store_.directory().database().string();
  if (options_.json) {
    result["database"] = database;
    result["exit_code"] = exit_code_;
    std::printf("%s\n", to_line(result).c_str());
    return;
  }
  std::string text = terminal::job_summary(result) + terminal::summary_line("database", database);
  if (!result.at("best").is_null()) {
    text += terminal::summary_line("export", "ampctl export " + std::to_string(job) + " -o tuned" +
                                                 " --state-dir " +
                                                 terminal::shell_word(store_.directory().path()));
  }
  if (is_paused) text += terminal::summary_line("go on", command());
  std::fputs(text.c_str(), stdout);
}

store::JobState Run::state(std::int64_t job) const {
  const Json row = store_.reader().job(job);
  return store::parse_job_state(row.at("state").get<std::string>()).value();
}

std::string Run::command() const {
  std::string text = "ampd run " + terminal::shell_word(options_.job_file);
  if (options_.state_dir) text += " --state-dir " + terminal::shell_word(*options_.state_dir);
  return text;
}

asio::awaitable<void> Run::handle_signals() {
  const int signal = co_await signals_.async_wait(asio::use_awaitable);
  // The next one ends the process at once.
  signals_.clear();
  display_.note("saving; the running batch ends first");
  co_await loop_.shut_down(std::chrono::milliseconds(base::limits::shutdown_milliseconds));
  display_.close();
  std::fprintf(stderr, "Interrupted; every result is kept. Go on with: %s\n", command().c_str());
  exit_code_ = static_cast<int>(base::ExitCode::signal_base) + signal;
  context_.stop();
}

}  // namespace ampd::daemon
