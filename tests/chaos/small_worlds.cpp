// Every history of small tuning spaces, cut at every trial: a search that is folded anew from what
// is stored goes on, ranks and ends as the one that made it.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "suite.hpp"
#include "tuning/search.hpp"
#include "tuning/spaces.hpp"

using namespace ampd;
using namespace ampd::tuning;

namespace {

struct World {
  const char* space;
  TuneSettings settings;
};

std::vector<World> worlds() {
  std::vector<World> all;
  const auto add = [&](const char* space, double tolerance, bool refine, double timeout_seconds) {
    TuneSettings settings;
    settings.criterion = {false, tolerance, true};
    settings.objective = Objective::accuracy;
    settings.exit_policy.timeout_seconds = timeout_seconds;
    settings.refine = refine;
    all.push_back({space, settings});
  };
  for (const char* space : {"b", "bL", "bb", "bFb", "bbb"}) {
    for (const double tolerance : {0.0, -1.0, -9.0}) add(space, tolerance, false, 0);
    add(space, 0, false, 1e9);
  }
  for (const char* space : {"b", "bb", "bbL"}) {
    add(space, 0, true, 0);
    add(space, -1, true, 0);
    add(space, 0, true, 1e9);
  }
  add("bbbb", 0, false, 0);
  add("bbbb", -1, false, 0);
  add("bbbb", -9, false, 0);
  add("bbbb", 0, false, 1e9);
  return all;
}

enum class Fate { better, equal, worse, failed, invalid };
constexpr std::array all_fates{Fate::better, Fate::equal, Fate::worse, Fate::failed, Fate::invalid};

Outcome outcome_of(Fate fate) {
  Outcome outcome = done(2);
  if (fate == Fate::better) outcome.accuracy = 3;
  if (fate == Fate::worse) outcome.accuracy = 1;
  if (fate == Fate::failed) outcome = failed();
  if (fate == Fate::invalid) outcome.state = TrialState::invalid, outcome.accuracy = 0;
  return outcome;
}

class Walk {
 public:
  Walk(const World& world, bool is_control)
      : settings_(world.settings), space_(space_of(world.space)), is_control_(is_control) {}

  std::int64_t histories() {
    visit(Search(space_, settings_));
    return histories_;
  }

 private:
  void visit(const Search& search) {
    ++histories_;
    check_fold(search);
    const std::optional<Proposal> proposal = search.next();
    if (!proposal) return;
    for (const Fate fate : all_fates) {
      if (proposal->reused_from && fate != all_fates.front()) break;
      Search further = search;
      const Outcome outcome =
          proposal->reused_from
              ? search.trials().at(static_cast<std::size_t>(*proposal->reused_from)).outcome
              : outcome_of(fate);
      further.record(outcome);
      visit(further);
    }
  }

  /// What a new process makes of the stored outcomes. Control: it reads the last one wrongly.
  void check_fold(const Search& search) const {
    Search fold(space_, settings_);
    const std::vector<Trial>& trials = search.trials();
    for (std::size_t i = 0; i < trials.size(); ++i) {
      REQUIRE(fold.next() == trials[i].proposal);
      const bool is_last = i > 0 && i + 1 == trials.size();
      const bool is_wrong = is_control_ && is_last && !trials[i].proposal.reused_from;
      fold.record(is_wrong ? outcome_of(Fate::worse) : trials[i].outcome);
    }
    REQUIRE(fold.next() == search.next());
    REQUIRE(fold.upcoming(9) == search.upcoming(9));
    REQUIRE(fold.ranking() == search.ranking());
    REQUIRE(fold.best_seq() == search.best_seq());
    REQUIRE(fold.stop_reason() == search.stop_reason());
    REQUIRE(fold.goal_met() == search.goal_met());
  }

  TuneSettings settings_;
  TuningSpace space_;
  bool is_control_;
  std::int64_t histories_ = 0;
};

/// One world after the other, the small ones first.
std::int64_t try_world(std::uint64_t, bool is_control) {
  static const std::vector<World> all = worlds();
  static std::size_t turn = 0;
  return Walk(all[turn++ % all.size()], is_control).histories();
}

}  // namespace

int main(int argc, char** argv) {
  return run_suite(argc, argv, try_world);
}
