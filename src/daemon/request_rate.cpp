#include "daemon/request_rate.hpp"

#include <algorithm>

namespace ampd::daemon {

bool RequestRate::allows(uid_t user, Time now) {
  Account& account = accounts_.try_emplace(user, Account{at_once_, now}).first->second;
  const std::chrono::duration<double> passed = now - account.updated;
  account.left = std::min(at_once_, account.left + passed.count() * per_second_);
  account.updated = now;
  if (account.left < 1) return false;
  account.left -= 1;
  return true;
}

}  // namespace ampd::daemon
