// What the daemon tells the service manager; without one these do nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace ampd::daemon {

/// It serves.
void notify_ready(const std::string& status);
/// It reads its configuration again; notify_ready() follows.
void notify_reloading();
/// It ends.
void notify_stopping();
/// It is alive; within each watchdog_interval() once.
void notify_alive();

/// Half of the time that the service manager waits for a sign of life; nothing: it waits for none.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace ampd::daemon
