// Scheduler, search and store in one thread, from a seed: a job that is killed, starved, paused and
// betrayed by its worker, its disk and its clock ends with the tables of one that was not.
#include <cmath>
#include <limits>
#include <set>

#include "lost_trial.hpp"
#include "scheduler/scheduler_fixture.hpp"
#include "store/check.hpp"
#include "store/faulty_vfs.hpp"
#include "suite.hpp"

namespace {

using ampd::protocol::Precisions;
using ampd::runner::Event;

constexpr std::int64_t hours_stepped_max = 10 * 365 * 24;

/// What a case is about: the same for the run with faults and the one without.
struct Plan {
  std::size_t ops = 1;
  std::int64_t batches = 1;
  std::size_t configs_max = 1;
  std::uint64_t outcomes = 0;  // seed of the accuracies
  std::vector<ampd::TuneSettings> jobs;
};

Plan plan_of(Random& random) {
  Plan plan;
  plan.ops = static_cast<std::size_t>(random.between(1, 4));
  plan.batches = random.between(1, 4);
  plan.configs_max = static_cast<std::size_t>(random.between(1, 6));
  plan.outcomes = random.next();
  const std::int64_t jobs = random.between(1, 2);
  for (std::int64_t i = 0; i < jobs; ++i) {
    ampd::TuneSettings settings;
    settings.criterion.relative = false;
    settings.criterion.tolerance = random.unit() * 0.3 - 0.05;
    settings.objective =
        random.chance(0.5) ? ampd::Objective::accuracy : ampd::Objective::performance;
    settings.refine = random.chance(0.5);
    settings.early_abort = random.chance(0.5);
    plan.jobs.push_back(settings);
  }
  return plan;
}

/// A few levels, so that configs tie; now and then no number.
double accuracy_of(std::uint64_t outcomes, const Precisions& precisions) {
  std::uint64_t mark = outcomes;
  for (const char letter : text_of(precisions)) {
    mark = Random(mark ^ static_cast<std::uint64_t>(letter)).next();
  }
  Random random(mark);
  const bool is_baseline = text_of(precisions).find('b') == std::string::npos;
  if (!is_baseline && random.chance(0.05)) return std::numeric_limits<double>::quiet_NaN();
  return is_baseline ? 0.75 : 0.5 + 0.0625 * static_cast<double>(random.below(6));
}

class Simulation : public SchedulerFixture {
 public:
  explicit Simulation(const Plan& plan) : SchedulerFixture(plan.ops) {
    world.batches = plan.batches;
    world.configs_max = plan.configs_max;
    world.accuracy = [outcomes = plan.outcomes](const Precisions& precisions, std::int64_t) {
      return accuracy_of(outcomes, precisions);
    };
    options.vfs = FaultyVfs::name();
    kill_and_open();
    for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
      ampd::scheduler::Submission submission = this->submission("job" + std::to_string(i));
      submission.job.settings = plan.jobs[i];
      scheduler().submit(submission);
    }
  }
  ~Simulation() { FaultyVfs::fault = nullptr; }

  std::vector<std::string> results() {
    std::vector<std::string> all;
    for (const auto& job : reader().jobs()) all.push_back(result(job.at("id")));
    return all;
  }
};

/// One run under faults.
class Ordeal {
 public:
  Ordeal(Simulation& simulation, Random& random, bool is_control)
      : simulation_(simulation), random_(random), is_control_(is_control) {
    simulation_.world.fault = [this](const ampd::protocol::Order& order, const Event& planned) {
      return worker_fault(order, planned);
    };
  }
  ~Ordeal() {
    simulation_.world.fault = nullptr;
    FaultyVfs::fault = nullptr;
  }

  void run() {
    bool is_over = false;
    for (int i = 0; i < 250 && !is_over; ++i) {
      if (!simulation_.failures.empty()) reopen();
      if (random_.chance(0.1)) {
        attempt([this] { disturb(); });
      } else if (!simulation_.step()) {
        attempt([&] { is_over = !resume_all(); });
      }
    }
    end();
  }

 private:
  /// What fails is told to the client, who may try again.
  void attempt(const std::function<void()>& order) {
    try {
      order();
    } catch (const ampd::Error& error) {
      const bool is_expected =
          error.code() == ampd::ErrorCode::io || error.code() == ampd::ErrorCode::exhausted;
      if (!is_expected) throw;
    }
  }

  void disturb() {
    switch (random_.below(7)) {
      case 0:
      case 1:
        return reopen();
      case 2:
        return fail_disk(SQLITE_FULL);
      case 3:
        return fail_disk(SQLITE_IOERR);
      case 4:
        return pause_one();
      case 5:
        return simulation_.clock.step_wall(
            std::chrono::hours(random_.between(-hours_stepped_max, hours_stepped_max)));
      default:
        simulation_.scheduler().shut_down();
        for (int i = 0; i < 20 && simulation_.step(); ++i) {
        }
        return reopen();
    }
  }

  /// The process is gone, and another one takes over.
  void reopen() {
    simulation_.failures.clear();
    simulation_.close();
    FaultyVfs::fault = nullptr;
    if (is_control_) lose_last_trial(simulation_.directory());
    simulation_.open();
  }

  /// From one of the next operations on, for as long as it lasts.
  void fail_disk(int code) {
    const std::int64_t first = random_.below(8);
    const std::int64_t last = first + random_.below(20);
    auto count = std::make_shared<std::int64_t>(0);
    FaultyVfs::fault = [=](FaultyVfs::Operation operation) {
      if (code == SQLITE_FULL && operation != FaultyVfs::Operation::write) return SQLITE_OK;
      const std::int64_t now = (*count)++;
      return now >= first && now <= last ? code : SQLITE_OK;
    };
  }

  void pause_one() {
    for (const auto& job : simulation_.reader().jobs()) {
      const std::string state = job.at("state");
      if (state == "running" || state == "queued")
        return simulation_.scheduler().pause(job.at("id"));
    }
  }

  /// Whether any was paused.
  bool resume_all() {
    bool was_paused = false;
    for (const auto& job : simulation_.reader().jobs()) {
      if (job.at("state") != "paused") continue;
      was_paused = true;
      simulation_.scheduler().resume(job.at("id"));
    }
    return was_paused;
  }

  /// Deaths that must not matter: by somebody else's hand, and one of its own at each config.
  std::optional<Event> worker_fault(const ampd::protocol::Order& order, const Event&) {
    if (!random_.chance(0.03)) return std::nullopt;
    ampd::runner::Died died;
    died.by_outside = true;
    died.reason = "signal 9";
    const auto* evaluate = std::get_if<ampd::protocol::Evaluate>(&order);
    if (evaluate != nullptr && deaths_.insert(text_of(evaluate->configs.at(0))).second) {
      died.by_outside = random_.chance(0.5);
    }
    return died;
  }

  /// The faults stop, and everything must come to its end.
  void end() {
    simulation_.world.fault = nullptr;
    FaultyVfs::fault = nullptr;
    reopen();
    is_control_ = false;
    for (int round = 0; round < 3; ++round) {
      simulation_.run();
      resume_all();
    }
    simulation_.run();
    REQUIRE(simulation_.failures == std::vector<std::string>{});
    for (const auto& job : simulation_.reader().jobs()) {
      for (const auto& seconds : simulation_.trials(job.at("id"), "seconds")) REQUIRE(seconds >= 0);
    }
  }

  Simulation& simulation_;
  Random& random_;
  bool is_control_;
  std::set<std::string> deaths_;
};

std::int64_t simulate(std::uint64_t seed, bool is_control) {
  Random random(seed);
  const Plan plan = plan_of(random);
  Simulation undisturbed(plan);
  undisturbed.run();
  Simulation disturbed(plan);
  Ordeal(disturbed, random, is_control).run();
  REQUIRE(disturbed.results() == undisturbed.results());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  return run_suite(argc, argv, simulate);
}
