#include "daemon/permission.hpp"

#include <doctest/doctest.h>

#include <chrono>

#include "ampd/error.hpp"
#include "daemon/request_rate.hpp"

using namespace ampd::daemon;

namespace {

constexpr Permission rules{900, 40};

template <typename Action>
bool is_denied(Action action) {
  try {
    action();
  } catch (const ampd::Error& error) {
    CHECK(error.code() == ampd::ErrorCode::denied);
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a job is controlled by its owner, root, the daemon's user and the admin group") {
  struct Case {
    Peer peer;
    bool may;
  };
  for (const Case& each : {Case{{1000, 1, {1000}}, true}, Case{{1001, 1, {1001}}, false},
                           Case{{0, 1, {0}}, true}, Case{{900, 1, {900}}, true},
                           Case{{1001, 1, {1001, 40}}, true}, Case{{65534, 1, {40}}, false}}) {
    CAPTURE(each.peer.user);
    CHECK(is_denied([&] { rules.require_control(each.peer, 1000); }) == !each.may);
  }
  CHECK(is_denied([] { Permission{900, {}}.require_control({1001, 1, {1001, 0}}, 1000); }));
  CHECK(is_denied([] { rules.require_control({65534, 1, {}}, 65534); }));
}

TEST_CASE("a command runs for the daemon's own user only, not for root") {
  ampd::job::Job job;
  job.evaluation = ampd::job::CommandEvaluation{{"./score.sh"}, 0};
  CHECK_FALSE(is_denied([&] { rules.require_command(job, {900, 1, {}}); }));
  CHECK(is_denied([&] { rules.require_command(job, {0, 1, {}}); }));
  job.evaluation = ampd::job::MetricEvaluation{};
  CHECK_FALSE(is_denied([&] { rules.require_command(job, {1000, 1, {}}); }));
}

TEST_CASE("a user makes so many requests at once and so many a second, whatever others do") {
  RequestRate rate(10, 3);
  const RequestRate::Time start{};
  for (int i = 0; i < 3; ++i) CHECK(rate.allows(1, start));
  CHECK_FALSE(rate.allows(1, start));
  CHECK(rate.allows(2, start));
  CHECK_FALSE(rate.allows(1, start + std::chrono::milliseconds(90)));
  CHECK(rate.allows(1, start + std::chrono::milliseconds(210)));
  CHECK(rate.allows(1, start + std::chrono::milliseconds(211)));
  CHECK_FALSE(rate.allows(1, start + std::chrono::milliseconds(212)));
  CHECK(rate.allows(1, start + std::chrono::hours(1)));
}
