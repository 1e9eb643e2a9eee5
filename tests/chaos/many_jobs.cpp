// Thousands of queued jobs, some cancelled at random, the process killed now and then: a start
// stays short, memory small, and every job that is left ends as it would have alone.
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>

#include "lost_trial.hpp"
#include "scheduler/scheduler_fixture.hpp"
#include "suite.hpp"

namespace {

constexpr std::array<std::int64_t, 3> queues{300, 3'000, 10'000};
constexpr std::chrono::seconds start_max{2};
constexpr std::int64_t resident_bytes_max = std::int64_t{200} << 20;

std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t pages = 0;
  std::int64_t resident = 0;
  file >> pages >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

class Queue : public SchedulerFixture {
 public:
  Queue() : SchedulerFixture(2) {
    world.batches = 1;
    world.configs_max = 2;
  }

  void reopen(bool is_control) {
    close();
    if (is_control) lose_last_trial(directory());
    const auto started = std::chrono::steady_clock::now();
    open();
    REQUIRE(std::chrono::steady_clock::now() - started < start_max);
  }

  void cancel(std::int64_t job) {
    const std::string state = this->state(job);
    if (state != "queued" && state != "running") return;
    scheduler().cancel(job);
    ++cancelled;
  }

  std::int64_t cancelled = 0;
};

/// The result, as if the job were the first.
std::string result_of(Queue& queue, std::int64_t job) {
  std::string text = queue.result(job);
  const std::string own = "\"job\":" + std::to_string(job) + ",";
  for (std::size_t at = text.find(own); at != std::string::npos; at = text.find(own, at + 1)) {
    text.replace(at, own.size(), "\"job\":1,");
  }
  return text;
}

/// One queue after the other, the short ones first.
std::int64_t work_off(std::uint64_t seed, bool is_control) {
  static std::size_t turn = 0;
  const std::int64_t jobs = queues.at(turn++ % queues.size());
  Random random(seed);
  Queue alone;
  alone.submit();
  alone.run();
  const std::string expected = alone.result(1);

  Queue queue;
  for (std::int64_t i = 0; i < jobs; ++i) queue.submit();
  queue.reopen(false);
  while (queue.step()) {
    if (random.chance(0.003)) queue.cancel(1 + random.below(jobs));
    if (random.below(4 * jobs) == 0) queue.reopen(false);
  }
  queue.reopen(is_control);
  REQUIRE(resident_bytes() < resident_bytes_max);
  std::int64_t done = 0;
  for (std::int64_t job = 1; job <= jobs; ++job) {
    if (queue.state(job) == "cancelled") continue;
    ++done;
    REQUIRE(result_of(queue, job) == expected);
  }
  REQUIRE(done + queue.cancelled == jobs);
  return jobs;
}

}  // namespace

int main(int argc, char** argv) {
  return run_suite(argc, argv, work_off);
}
