// How many requests a user may make: so many at once, and so many a second on the average.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>

namespace ampd::daemon {

class RequestRate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  RequestRate(double per_second, double at_once) : per_second_(per_second), at_once_(at_once) {}

  /// Whether the user's next request is within his rate; then it counts.
  bool allows(uid_t user, Time now);

 private:
  struct Account {
    double left = 0;
    Time updated;
  };

  double per_second_;
  double at_once_;
  std::map<uid_t, Account> accounts_;
};

}  // namespace ampd::daemon
