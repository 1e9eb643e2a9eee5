// What the daemon tells the service manager; without one these do nothing.
#pragma once

#include <string>

namespace ampd::daemon {

/// It serves.
void notify_ready(const std::string& status);
/// It reads its configuration again; notify_ready() follows.
void notify_reloading();
/// It ends.
void notify_stopping();

}  // namespace ampd::daemon
