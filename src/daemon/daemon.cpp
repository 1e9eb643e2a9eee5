#include "daemon/daemon.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/limits.hpp"
#include "base/socket_path.hpp"
#include "daemon/log.hpp"
#include "daemon/notify.hpp"
#include "runner/rethrow.hpp"

namespace ampd::daemon {
namespace {

namespace asio = boost::asio;

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

store::StateDirectory state_directory(const DaemonOptions& options,
                                      const Configuration& configuration) {
  const bool is_told = options.state_dir || is_set("AMPD_STATE_DIR");
  return store::StateDirectory::resolve(is_told ? options.state_dir : configuration.state_dir);
}

Listener listener(const DaemonOptions& options, const Configuration& configuration) {
  if (std::optional<Listener> inherited = Listener::inherited()) return *std::move(inherited);
  const bool is_told = options.socket || is_set("AMPD_SOCKET");
  const auto paths = base::socket_paths(is_told ? options.socket : configuration.socket);
  return Listener::at(paths.front());
}

void log_stall(const std::string& reason) {
  spdlog::warn("the store cannot be written for now: {}", reason);
}

void log_event(const store::Event& event) {
  const auto level = event.note.level == store::EventLevel::error     ? spdlog::level::err
                     : event.note.level == store::EventLevel::warning ? spdlog::level::warn
                                                                      : spdlog::level::info;
  spdlog::log(level, "job {}: {}", event.job, event.note.message);
}

}  // namespace

Daemon::Daemon(DaemonOptions options, Configuration configuration)
    : options_(std::move(options)),
      configuration_(std::move(configuration)),
      signals_(context_, SIGTERM, SIGINT, SIGHUP),
      store_(state_directory(options_, configuration_), clock_,
             {.allows_network = options_.allows_network_state}),
      listener_(listener(options_, configuration_)),
      worker_(context_),
      inspector_(context_),
      loop_(context_, store_, worker_, clock_, log_event, log_stall),
      api_(service()),
      server_(
          context_, listener_.descriptor(),
          [this](Request request) { return api_.answer(std::move(request)); },
          [this](const Request& request) { return api_.receive(request); }) {
  set_permission();
}

void Daemon::run() {
  asio::co_spawn(context_, handle_signals(), runner::rethrow);
  if (const auto interval = watchdog_interval()) {
    asio::co_spawn(context_, give_signs_of_life(*interval), runner::rethrow);
  }
  set_pass_limits();
  loop_.scheduler().start();
  loop_.changed();
  spdlog::info("serving {} on {}", store_.directory().path().string(), listener_.path().string());
  notify_ready("Serving on " + listener_.path().string());
  loop_.run();
  spdlog::info("stopped");
}

asio::awaitable<void> Daemon::handle_signals() {
  for (;;) {
    const int signal = co_await signals_.async_wait(asio::use_awaitable);
    if (signal != SIGHUP) break;
    reload();
  }
  // The next one ends the process at once, as it does a program that does not catch it.
  signals_.clear();
  co_await stop();
}

asio::awaitable<void> Daemon::give_signs_of_life(std::chrono::microseconds interval) {
  asio::steady_timer pause(context_);
  for (;;) {
    if (store_.can_change()) notify_alive();
    pause.expires_after(interval);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> Daemon::stop() {
  spdlog::info("stopping after the running batch");
  notify_stopping();
  server_.stop();
  co_await loop_.shut_down(std::chrono::milliseconds(base::limits::shutdown_milliseconds));
  context_.stop();
}

void Daemon::reload() {
  notify_reloading();
  try {
    const Configuration fresh = read_configuration(options_.configuration);
    if (fresh.state_dir != configuration_.state_dir || fresh.socket != configuration_.socket ||
        fresh.threads != configuration_.threads) {
      spdlog::warn("state_dir, socket and threads are read at the start only: restart to use them");
    }
    configuration_.log_level = fresh.log_level;
    set_log_level(fresh.log_level);
    configuration_.memory_mib = fresh.memory_mib;
    configuration_.trials_together = fresh.trials_together;
    configuration_.admin_group = fresh.admin_group;
    configuration_.upload_mib = fresh.upload_mib;
    set_pass_limits();
    set_permission();
    spdlog::info("the configuration was read again");
  } catch (const Error& error) {
    spdlog::error("the configuration stays as it was: {}", error.what());
  }
  notify_ready("Serving on " + listener_.path().string());
}

void Daemon::set_pass_limits() {
  loop_.scheduler().set_pass_limits(
      {.memory_bytes = configuration_.memory_mib << 20, .trials = configuration_.trials_together});
}

void Daemon::set_permission() {
  permission_ = {::geteuid(), configuration_.admin_group};
  upload_bytes_max_ = configuration_.upload_mib << 20;
}

Service Daemon::service() {
  return {.store = store_,
          .scheduler = loop_.scheduler(),
          .inspector = inspector_,
          .executor = context_.get_executor(),
          .changes = loop_.changes(),
          .changed = [this] { loop_.changed(); },
          .permission = permission_,
          .upload_bytes_max = upload_bytes_max_,
          .threads = configuration_.threads,
          .status = [this] { return status(); }};
}

Json Daemon::status() const {
  return Json{{"version", AMPD_VERSION},
              {"pid", ::getpid()},
              {"uid", ::geteuid()},
              {"state_dir", store_.directory().path().string()},
              {"socket", listener_.path().string()},
              {"threads", configuration_.threads},
              {"memory_mib", configuration_.memory_mib},
              {"trials_together", configuration_.trials_together},
              {"upload_mib", configuration_.upload_mib},
              {"log_level", configuration_.log_level},
              {"started_at", base::iso8601(started_microseconds_)}};
}

}  // namespace ampd::daemon
