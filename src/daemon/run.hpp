// `ampd run JOB.yaml`: scheduler, store and worker in the foreground, without a socket.
//
// A job is known by the digest of its resolved job file and its inputs: unfinished in this state
// directory, it goes on; finished, its result is shown and nothing is evaluated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/clock.hpp"
#include "daemon/http.hpp"
#include "daemon/intake.hpp"
#include "daemon/scheduler_loop.hpp"
#include "job/job.hpp"
#include "runner/worker_runner.hpp"
#include "store/store.hpp"
#include "terminal/job_display.hpp"

namespace ampd::daemon {

struct RunOptions {
  std::filesystem::path job_file;
  std::optional<std::filesystem::path> state_dir;
  bool again = false;                 // a new job, whatever there was
  bool accepts_fingerprint = false;   // go on although machine or version changed
  bool json = false;                  // the result as JSON on stdout
  std::int64_t memory_mib = 0;        // that trials together may take; 0: half of the RAM
  std::int64_t trials_together = 64;  // at most
  bool allows_network_state = false;
};

/// A job file as it was read: the job and the text.
struct JobFile {
  job::Job job;
  std::string text;
};

/// Prints the warnings to stderr. Throws Error(invalid) with all that is wrong.
JobFile read_job_file(const std::filesystem::path& path);

class Run {
 public:
  /// Throws Error: busy when another process has the state directory; corrupt, denied, io.
  Run(RunOptions options, JobFile job_file);

  /// Runs the job to its end, or until SIGINT or SIGTERM. Returns the program's exit code. Throws
  /// Error, of an input that cannot be read or a store that failed.
  int run();

 private:
  boost::asio::awaitable<void> work();
  boost::asio::awaitable<std::int64_t> find_or_submit();
  boost::asio::awaitable<void> follow(std::int64_t job);
  boost::asio::awaitable<void> handle_signals();
  void go_on(std::int64_t job);
  void show_result(std::int64_t job);
  store::JobState state(std::int64_t job) const;
  std::string command() const;

  const RunOptions options_;
  const JobFile job_file_;
  base::SystemClock clock_;
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
  store::Store store_;
  runner::WorkerRunner worker_;
  SchedulerLoop loop_;
  terminal::JobDisplay display_;
  int exit_code_ = 0;
};

}  // namespace ampd::daemon
