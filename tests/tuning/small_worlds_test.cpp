// Every small world: all outcome tables over spaces of one to four free operators, against an
// oracle written from the search's description alone.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "tuning/search.hpp"
#include "tuning/spaces.hpp"

using namespace ampd;
using namespace ampd::tuning;

namespace {

struct World {
  std::string space;
  TuneSettings settings;
};

struct Step {
  Stage stage;
  std::string letters;
};

// What becomes of a trial, relative to the baseline.
enum class Fate { better, equal, worse, failed, invalid };
constexpr std::array all_fates{Fate::better, Fate::equal, Fate::worse, Fate::failed, Fate::invalid};

Outcome outcome_of(Fate fate, std::int64_t seq, const World& world) {
  const double gain = world.settings.criterion.higher_is_better ? 1 : -1;
  Outcome outcome = done(2);
  if (fate == Fate::better) outcome.accuracy += gain;
  if (fate == Fate::worse) outcome.accuracy -= gain;
  if (fate == Fate::failed) outcome = failed();
  if (fate == Fate::invalid) outcome.state = TrialState::invalid, outcome.accuracy = 0;
  if (seq % 3 != 0) outcome.latency_ns = 10 - seq % 2;
  outcome.model_bytes = seq * 7 % 4;
  outcome.footprint_bytes = seq * 5 % 3;
  return outcome;
}

bool is_done(const Outcome& outcome) {
  return outcome.state == TrialState::done;
}

class Oracle {
 public:
  Oracle(const World& world, const std::vector<Outcome>& outcomes)
      : world_(world), outcomes_(outcomes) {
    model_wise_ = world.space;
    for (char& letter : model_wise_) letter = letter == 'b' || letter == 'L' ? 'b' : 'f';
    steps_.push_back({Stage::baseline, std::string(world.space.size(), 'f')});
    steps_.push_back({Stage::model_wise, model_wise_});
    for (std::size_t i = world.space.size(); i-- > 0;) {
      if (world.space[i] != 'b') continue;
      free_.push_back(i);
      steps_.push_back({Stage::fallback, model_wise_});
      steps_.back().letters[i] = 'f';
    }
    if (outcomes.size() >= steps_.size()) add_incremental();
  }

  const std::vector<Step>& steps() const { return steps_; }
  std::int64_t length() const { return 1 + 1 + free_count() + std::max(free_count() - 1, 0L); }

  std::optional<StopReason> stop_reason() const {
    const ExitPolicy& policy = world_.settings.exit_policy;
    const auto count = std::ssize(outcomes_);
    if (count > 0 && !is_done(outcomes_[0])) return StopReason::baseline_failed;
    for (std::size_t i = 1; policy.timeout_seconds == 0 && i < outcomes_.size(); ++i) {
      if (succeeds(i)) return StopReason::goal_met;
    }
    if (count == length()) return StopReason::exhausted;
    if (policy.performance_only && count == 2) return StopReason::performance_only;
    if (count == policy.max_trials + 1) return StopReason::max_trials;
    double seconds = 0;
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      if (!source_of(i)) seconds += outcomes_[i].seconds;
    }
    if (policy.timeout_seconds > 0 && seconds >= policy.timeout_seconds) return StopReason::timeout;
    return std::nullopt;
  }

  /// The first trial with the same config as trial `seq`.
  std::optional<std::int64_t> source_of(std::size_t seq) const {
    for (std::size_t i = 0; i < seq; ++i) {
      if (steps_[i].letters == steps_[seq].letters) return static_cast<std::int64_t>(i);
    }
    return std::nullopt;
  }

  bool succeeds(std::size_t i) const {
    return is_done(outcomes_[0]) && is_done(outcomes_[i]) && low_count(i) > 0 &&
           loss(i) <= loss(0) + world_.settings.criterion.tolerance;
  }

  std::optional<std::int64_t> best_seq() const {
    using Key = std::tuple<bool, double, std::ptrdiff_t, std::int64_t>;
    std::optional<Key> best;
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      if (!is_done(outcomes_[i]) || low_count(i) == 0) continue;
      const bool is_outside = !succeeds(i);
      const Key key{is_outside, is_outside ? loss(i) : price(i), -low_count(i),
                    static_cast<std::int64_t>(i)};
      if (!best || key < *best) best = key;
    }
    if (!best) return std::nullopt;
    return std::get<3>(*best);
  }

 private:
  std::int64_t free_count() const { return std::ssize(free_); }

  /// Accuracy turned so that less is better.
  double loss(std::size_t i) const {
    const double accuracy = outcomes_[i].accuracy;
    return world_.settings.criterion.higher_is_better ? -accuracy : accuracy;
  }

  std::ptrdiff_t low_count(std::size_t i) const {
    return std::count(steps_[i].letters.begin(), steps_[i].letters.end(), 'b');
  }

  double price(std::size_t i) const {
    const Objective objective = world_.settings.objective;
    if (objective == Objective::accuracy) return loss(i);
    if (objective == Objective::modelsize) return static_cast<double>(*outcomes_[i].model_bytes);
    if (objective == Objective::footprint) {
      return static_cast<double>(*outcomes_[i].footprint_bytes);
    }
    constexpr double never = std::numeric_limits<double>::infinity();
    return outcomes_[i].latency_ns ? static_cast<double>(*outcomes_[i].latency_ns) : never;
  }

  /// Takes the least hurtful op that is left, again and again.
  void add_incremental() {
    std::string letters = model_wise_;
    std::vector<bool> is_taken(free_.size());
    for (std::size_t round = 0; round < free_.size(); ++round) {
      std::optional<std::size_t> choice;
      for (std::size_t k = 0; k < free_.size(); ++k) {
        if (!is_taken[k] && (!choice || damage(k) < damage(*choice))) choice = k;
      }
      is_taken[*choice] = true;
      letters[free_[*choice]] = 'f';
      if (round > 0) steps_.push_back({Stage::incremental, letters});
    }
  }

  double damage(std::size_t k) const {
    constexpr double most = std::numeric_limits<double>::infinity();
    return is_done(outcomes_[2 + k]) ? loss(2 + k) : most;
  }

  const World& world_;
  const std::vector<Outcome>& outcomes_;
  std::string model_wise_;
  std::vector<std::size_t> free_;  // last first
  std::vector<Step> steps_;
};

/// Walks every history of one world.
class Walk {
 public:
  explicit Walk(World world) : world_(std::move(world)) {
    visit(Search(space_of(world_.space), world_.settings), {});
  }

  std::int64_t histories() const { return histories_; }

 private:
  /// `forecast` is what was to come after the last trial.
  void visit(Search search, const std::vector<Proposal>& forecast) {
    const Oracle oracle(world_, outcomes_);
    judge_state(search, oracle);
    const std::vector<Proposal> upcoming = search.upcoming(100);
    judge_upcoming(search, upcoming, forecast);
    if (upcoming.empty()) {
      ++histories_;
      judge_end(search, oracle);
      return;
    }
    const Proposal& proposal = upcoming.front();
    judge_proposal(proposal, oracle);
    proposals_.push_back(proposal);
    for (const Outcome& outcome : possible_outcomes(proposal)) {
      Search following = search;
      following.record(outcome);
      outcomes_.push_back(outcome);
      visit(std::move(following), upcoming);
      outcomes_.pop_back();
    }
    proposals_.pop_back();
  }

  std::vector<Outcome> possible_outcomes(const Proposal& proposal) const {
    if (proposal.reused_from) return {outcomes_[static_cast<std::size_t>(*proposal.reused_from)]};
    std::vector<Outcome> outcomes;
    for (const Fate fate : all_fates) {
      const bool is_twin = proposal.seq == 0 && (fate == Fate::better || fate == Fate::worse);
      if (!is_twin) outcomes.push_back(outcome_of(fate, proposal.seq, world_));
    }
    return outcomes;
  }

  void judge_state(const Search& search, const Oracle& oracle) {
    require(search.stop_reason() == oracle.stop_reason(), "the stop reason");
    require(search.best_seq() == oracle.best_seq(), "the best trial");
    require(search.trials_at_most() == oracle.length(), "the trials at most");
    require(std::ssize(search.trials()) <= search.trials_at_most(), "it terminates");
    bool is_met = false;
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      require(search.trials()[i].meets_goal == oracle.succeeds(i), "whether a trial succeeds");
      is_met = is_met || oracle.succeeds(i);
    }
    const bool is_known = !outcomes_.empty() && is_done(outcomes_[0]);
    require(search.goal_met() == (is_known ? std::optional(is_met) : std::nullopt), "goal_met");
  }

  void judge_proposal(const Proposal& proposal, const Oracle& oracle) {
    const auto seq = outcomes_.size();
    require(proposal.seq == static_cast<std::int64_t>(seq), "seq without gaps");
    require(proposal.stage == oracle.steps().at(seq).stage, "the stage");
    require(letters_of(proposal.config) == oracle.steps().at(seq).letters, "the config");
    require(proposal.reused_from == oracle.source_of(seq), "what is reused");
    require(proposal.op.has_value() == (proposal.stage == Stage::fallback), "the op");
    if (proposal.op) require(letters_of(proposal.config)[*proposal.op] == 'f', "the op's place");
    for (const Proposal& earlier : proposals_) {
      require(proposal.reused_from || earlier.config != proposal.config, "one evaluation each");
    }
  }

  /// What was forecast comes, unless the search ends.
  void judge_upcoming(const Search& search, const std::vector<Proposal>& upcoming,
                      const std::vector<Proposal>& forecast) {
    require(upcoming.empty() == search.stop_reason().has_value(), "a proposal until the end");
    const std::optional<StopReason> reason = search.stop_reason();
    if (reason) {
      const bool is_foreseen = reason == StopReason::exhausted ||
                               reason == StopReason::max_trials ||
                               reason == StopReason::performance_only;
      require(!is_foreseen || forecast.size() <= 1, "upcoming ends where the search must");
      return require(!search.next(), "no proposal after the end");
    }
    for (std::size_t i = 1; i < forecast.size(); ++i) {
      require(i <= upcoming.size() && upcoming[i - 1] == forecast[i], "upcoming came true");
    }
    const std::vector<Proposal> one = search.upcoming(1);
    require(one.size() == 1 && one.front() == upcoming.front(), "upcoming cut short");
  }

  /// Folds the history through a new search: from every prefix it must go on as it did.
  void judge_end(const Search& search, const Oracle& oracle) {
    Search replay(space_of(world_.space), world_.settings);
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      require(replay.next() == proposals_[i], "the replay of a prefix");
      replay.record(outcomes_[i]);
    }
    require(replay.trials() == search.trials(), "the replayed trials");
    require(replay.stop_reason() == oracle.stop_reason(), "the replayed end");
    require(replay.ranking() == search.ranking(), "the replayed ranking");
  }

  void require(bool holds, const char* what) {
    if (holds) return;
    std::string history;
    for (const Outcome& outcome : outcomes_) {
      history +=
          std::string(to_string(outcome.state)) + " " + std::to_string(outcome.accuracy) + ", ";
    }
    FAIL("space " << world_.space << ", tolerance " << world_.settings.criterion.tolerance
                  << ", after " << history << "wrong: " << what);
  }

  World world_;
  std::vector<Proposal> proposals_;
  std::vector<Outcome> outcomes_;
  std::int64_t histories_ = 0;
};

/// Goals that every, only a better, and no accuracy meets; both directions.
std::vector<AccuracyCriterion> criteria() {
  std::vector<AccuracyCriterion> list;
  for (const double tolerance : {0.0, -1.0, -9.0}) {
    list.push_back({false, tolerance, true});
    list.push_back({false, tolerance, false});
  }
  return list;
}

std::int64_t histories_of(const std::string& space, const std::vector<ExitPolicy>& policies) {
  std::int64_t histories = 0;
  std::size_t turn = 0;
  constexpr std::array objectives{Objective::performance, Objective::modelsize,
                                  Objective::footprint, Objective::accuracy};
  for (const AccuracyCriterion& criterion : criteria()) {
    for (const ExitPolicy& policy : policies) {
      const Objective objective = objectives[turn++ % objectives.size()];
      histories += Walk({space, {criterion, objective, policy}}).histories();
    }
  }
  return histories;
}

}  // namespace

TEST_CASE("every history of every small world is the oracle's") {
  std::int64_t histories = 0;
  const std::vector<ExitPolicy> every_policy{
      {0, 100, false}, {1e9, 100, false}, {3.5, 100, false}, {1e9, 4, false}, {0, 5, false},
      {0, 0, false},   {0, 100, true},    {1e9, 100, true},  {2, 1, false},   {1e9, 3, false}};
  for (const char* space : {"b", "L", "bL", "Lb", "bF", "fb", "LL", "bb", "bfb", "FbbL"}) {
    histories += histories_of(space, every_policy);
  }
  histories += histories_of("bbb", {{0, 100, false}, {1e9, 100, false}, {5.5, 5, false}});
  histories += histories_of("bLbFb", {{0, 100, false}});
  const auto search_all = [&](const char* space, double tolerance, double timeout_seconds) {
    const AccuracyCriterion criterion{false, tolerance, timeout_seconds > 0};
    histories += Walk({space, {criterion, Objective::performance, {timeout_seconds}}}).histories();
  };
  search_all("bbbb", -9, 0);
  search_all("bbbb", 0, 1e9);
  search_all("bbLbfb", -1, 0);
  MESSAGE(histories << " histories");
  CHECK(histories > 200'000);
}
