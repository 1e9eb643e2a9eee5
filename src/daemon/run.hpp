// `ampd run JOB.yaml`: scheduler, store and worker in the foreground, without a socket.
//
// A job is known by the digest of its resolved job file and its inputs: unfinished in this state
// directory, it goes on; finished, its result is shown and nothing is evaluated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/clock.hpp"
#include "daemon/http.hpp"
#include "daemon/scheduler_loop.hpp"
#include "job/job_file.hpp"
#include "runner/worker_runner.hpp"
#include "store/store.hpp"

namespace ampd::daemon {

struct RunOptions {
  std::filesystem::path job_file;
  std::optional<std::filesystem::path> state_dir;
  bool again = false;               // a new job, whatever there was
  bool accepts_fingerprint = false;  // go on although machine or version changed
  bool json = false;                // the result as JSON on stdout
};

class Run {
 public:
  /// Throws Error: invalid (the job file), busy (a daemon has the state directory) ...
  explicit Run(RunOptions options);

  /// Runs the job to its end, or until SIGINT or SIGTERM. Returns the exit code.
  int run();

 private:
  boost::asio::awaitable<void> work();
  boost::asio::awaitable<std::int64_t> find_or_submit();
  boost::asio::awaitable<std::int64_t> submit(struct InputDigests digests);
  void go_on(std::int64_t job);
  boost::asio::awaitable<void> follow(std::int64_t job);
  boost::asio::awaitable<void> handle_signals();
};

}  // namespace ampd::daemon
