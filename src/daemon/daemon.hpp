// The daemon: one state directory, one socket, one scheduler, on one thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/clock.hpp"
#include "daemon/api.hpp"
#include "daemon/configuration.hpp"
#include "daemon/http_server.hpp"
#include "daemon/listener.hpp"
#include "daemon/scheduler_loop.hpp"
#include "runner/worker_runner.hpp"
#include "store/store.hpp"

namespace ampd::daemon {

/// What the command line says.
struct DaemonOptions {
  std::optional<std::filesystem::path> configuration;
  std::optional<std::filesystem::path> state_dir;
  std::optional<std::filesystem::path> socket;
  bool allows_network_state = false;
};

class Daemon {
 public:
  /// Locks the state directory, then takes the socket. Throws Error: busy (another process has
  /// either; its pid is named), corrupt, denied, io ...
  Daemon(DaemonOptions options, Configuration configuration);

  /// Serves until SIGTERM or SIGINT. Throws the Error of a store that failed.
  void run();

 private:
  boost::asio::awaitable<void> handle_signals();
  boost::asio::awaitable<void> stop();
  boost::asio::awaitable<void> give_signs_of_life(std::chrono::microseconds interval);
  void reload();
  void set_pass_limits();
  Service service();
  void set_permission();
  Json status() const;

  const DaemonOptions options_;
  Configuration configuration_;
  base::SystemClock clock_;
  Permission permission_;
  std::int64_t upload_bytes_max_ = 0;
  const std::int64_t started_microseconds_ = clock_.wall_microseconds();
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
  store::Store store_;
  Listener listener_;
  runner::WorkerRunner worker_;
  runner::WorkerRunner inspector_;
  SchedulerLoop loop_;
  Api api_;
  HttpServer server_;
};

}  // namespace ampd::daemon
