// A process is killed before or after its first, second, ... operation on the disk of one kind,
// until one comes to its end: every point around every commit. The next process ends the job with
// the tables of an undisturbed one.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "lost_trial.hpp"
#include "scheduler/scheduler_fixture.hpp"
#include "store/faulty_vfs.hpp"
#include "suite.hpp"

namespace {

using Operation = FaultyVfs::Operation;

struct Point {
  Operation operation = Operation::write;
  bool is_before = true;
};

Point point_of(Random& random) {
  constexpr std::array operations{Operation::write, Operation::sync, Operation::truncate,
                                  Operation::remove};
  return {operations.at(static_cast<std::size_t>(random.below(4))), random.chance(0.5)};
}

class Job : public SchedulerFixture {
 public:
  Job(std::size_t ops, std::int64_t batches, std::size_t configs_max) : SchedulerFixture(ops) {
    world.batches = batches;
    world.configs_max = configs_max;
    options.vfs = FaultyVfs::name();
    close();
  }

  void run_to_the_end() {
    open();
    if (reader().jobs().empty()) submit();
    run();
  }

  /// Whether a process that does the job died of the point's `hit`-th passing.
  bool dies_at(const Point& point, std::int64_t hit) {
    const pid_t process = ::fork();
    REQUIRE(process >= 0);
    if (process == 0) do_it_and_die(point, hit);
    int status = 0;
    REQUIRE(::waitpid(process, &status, 0) == process);
    REQUIRE_MESSAGE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0), "status ", status);
    return WIFSIGNALED(status);
  }

  void lose_a_trial() {
    open();
    close();
    lose_last_trial(directory());
  }

 private:
  [[noreturn]] void do_it_and_die(const Point& point, std::int64_t hit) {
    std::int64_t count = 0;
    const auto pass = [&](Operation operation) {
      if (operation == point.operation && ++count == hit) ::kill(::getpid(), SIGKILL);
    };
    if (point.is_before) {
      FaultyVfs::fault = [&](Operation operation) {
        pass(operation);
        return SQLITE_OK;
      };
    } else {
      FaultyVfs::changed = [&](const FaultyVfs::Change& change) { pass(change.operation); };
    }
    try {
      run_to_the_end();
      close();
    } catch (...) {
      ::_exit(3);
    }
    ::_exit(0);
  }
};

std::int64_t kill_at_each_hit(std::uint64_t seed, bool is_control) {
  Random random(seed);
  const Point point = point_of(random);
  const auto ops = static_cast<std::size_t>(random.between(1, 3));
  const std::int64_t batches = random.between(1, 3);
  const auto configs_max = static_cast<std::size_t>(random.between(1, 4));
  Job undisturbed(ops, batches, configs_max);
  undisturbed.run_to_the_end();
  const std::string expected = undisturbed.result(1);
  std::int64_t hit = 1;
  for (bool died = true; died; ++hit) {
    CAPTURE(hit);
    Job job(ops, batches, configs_max);
    died = job.dies_at(point, hit);
    if (is_control) job.lose_a_trial();
    job.run_to_the_end();
    REQUIRE(job.result(1) == expected);
  }
  return hit - 1;
}

}  // namespace

int main(int argc, char** argv) {
  return run_suite(argc, argv, kill_at_each_hit);
}
