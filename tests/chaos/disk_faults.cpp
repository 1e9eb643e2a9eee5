// The first, second, ... operation of the disk fails, until a job comes to its end before any does.
// Whatever fails, the job ends with the tables of an undisturbed one, now or after a new start.
#include <array>

#include "lost_trial.hpp"
#include "scheduler/scheduler_fixture.hpp"
#include "store/faulty_vfs.hpp"
#include "suite.hpp"

namespace {

using Operation = FaultyVfs::Operation;

struct Fault {
  Operation operation = Operation::write;
  int code = SQLITE_IOERR;
  std::int64_t lasts = 1;  // operations of its kind
};

constexpr std::int64_t for_ever = 1'000'000;

Fault fault_of(Random& random) {
  constexpr std::array operations{Operation::read, Operation::write, Operation::sync,
                                  Operation::truncate};
  Fault fault;
  fault.operation = operations.at(static_cast<std::size_t>(random.below(4)));
  if (fault.operation == Operation::write && random.chance(0.5)) fault.code = SQLITE_FULL;
  if (random.chance(0.5)) fault.lasts = for_ever;
  return fault;
}

class Trial : public SchedulerFixture {
 public:
  Trial(std::size_t ops, std::int64_t batches) : SchedulerFixture(ops) {
    world.batches = batches;
    options.vfs = FaultyVfs::name();
    kill_and_open();
  }
  ~Trial() { FaultyVfs::fault = nullptr; }

  /// Whether the fault came before the end.
  bool suffer(const Fault& fault, std::int64_t first) {
    submit();
    auto count = std::make_shared<std::int64_t>(0);
    FaultyVfs::fault = [=](Operation operation) {
      if (operation != fault.operation) return SQLITE_OK;
      const std::int64_t now = ++*count;
      return now >= first && now < first + fault.lasts ? fault.code : SQLITE_OK;
    };
    go_on_for(200);
    FaultyVfs::fault = nullptr;
    return *count >= first;
  }

  /// The disk is whole again. What the scheduler told as a failure ends the process.
  void recover() {
    if (!failures.empty()) {
      failures.clear();
      kill_and_open();
    }
    run();
    REQUIRE(failures == std::vector<std::string>{});
  }

  void lose_a_trial() {
    close();
    lose_last_trial(directory());
    open();
  }

 private:
  void go_on_for(int steps) {
    for (int i = 0; i < steps && failures.empty(); ++i) {
      if (!step()) return;
    }
  }
};

std::int64_t fail_each_operation(std::uint64_t seed, bool is_control) {
  Random random(seed);
  const Fault fault = fault_of(random);
  const auto ops = static_cast<std::size_t>(random.between(1, 3));
  const std::int64_t batches = random.between(1, 3);
  Trial undisturbed(ops, batches);
  undisturbed.submit();
  undisturbed.run();
  const std::string expected = undisturbed.result(1);
  std::int64_t first = 1;
  for (bool came = true; came; ++first) {
    CAPTURE(first);
    Trial trial(ops, batches);
    came = trial.suffer(fault, first);
    if (is_control) trial.lose_a_trial();
    trial.recover();
    REQUIRE(trial.result(1) == expected);
  }
  return first;
}

}  // namespace

int main(int argc, char** argv) {
  return run_suite(argc, argv, fail_each_operation);
}
