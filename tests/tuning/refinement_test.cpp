#include "tuning/refinement.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tuning/company.hpp"
#include "tuning/search.hpp"
#include "tuning/spaces.hpp"

using namespace ampd;
using namespace ampd::tuning;

namespace {

TuneSettings refining(Objective objective = Objective::modelsize) {
  TuneSettings settings;
  settings.criterion = {false, 0.1, true};
  settings.objective = objective;
  settings.refine = true;
  return settings;
}

/// Accuracies that rank the ops of "bbbb" as 0, 1, 2, 3; those in `meeting` meet the goal.
Outcome judged(const std::string& letters, const std::set<std::string>& meeting) {
  Outcome outcome = done(0.5);
  if (letters.find('b') == std::string::npos || meeting.contains(letters)) outcome = done(1);
  const std::size_t first_fp32 = letters.find('f');
  if (outcome.accuracy < 1 && first_fp32 != std::string::npos) {
    outcome.accuracy -= 0.01 * static_cast<double>(first_fp32);
  }
  std::int64_t low_ops = 0;
  for (const char letter : letters) low_ops += letter == 'b' ? 1 : 0;
  outcome.model_bytes = 100 - low_ops;
  return outcome;
}

void record_next(Search& search, const Outcome& outcome) {
  const Proposal proposal = search.next().value();
  search.record(proposal.reused_from
                    ? search.trials().at(static_cast<std::size_t>(*proposal.reused_from)).outcome
                    : outcome);
}

/// "bffb+ bbff-": the configs that the stage tried, and whether each met the goal.
std::string refined(Search& search, const std::set<std::string>& meeting) {
  while (const auto proposal = search.next()) {
    record_next(search, judged(letters_of(proposal->config), meeting));
  }
  std::string tried;
  for (const Trial& trial : search.trials()) {
    if (trial.proposal.stage != Stage::refine) continue;
    tried += (tried.empty() ? "" : " ") + letters_of(trial.proposal.config);
    tried += trial.meets_goal ? "+" : "-";
  }
  return tried;
}

std::string best_of(const Search& search) {
  return letters_of(
      search.trials().at(static_cast<std::size_t>(search.best_seq().value())).proposal.config);
}

Outcome timed(double low, double high) {
  Outcome outcome = done(1);
  outcome.latency_ns = 1000;
  outcome.speedup = Speedup{(low + high) / 2, low, high};
  return outcome;
}

}  // namespace

TEST_CASE("fp32 ops go back to low precision, the least harmful first, while the goal is met") {
  struct Row {
    std::set<std::string> meeting;
    const char* tried;
    const char* best;
  };
  const std::vector<Row> rows{
      {{"fffb"}, "fbfb- bffb-", "fffb"},
      {{"fffb", "fbfb"}, "fbfb+", "fbfb"},
      {{"fffb", "bffb"}, "fbfb- bffb+", "bffb"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.tried);
    Search search(space_of("bbbb"), refining());
    CHECK(refined(search, row.meeting) == row.tried);
    CHECK(best_of(search) == row.best);
    CHECK(search.stop_reason() == StopReason::goal_met);
    CHECK(search.stage() == Stage::refine);
    CHECK(search.trials_at_most() == std::ssize(search.trials()));
  }
}

TEST_CASE("an op that was refused is tried again on a config that has changed") {
  Search search(space_of("bbbbb"), refining());
  CHECK(refined(search, {"ffffb", "bfffb", "bffbb"}) == "ffbfb- fbffb- bfffb+ bffbb+");
  CHECK(best_of(search) == "bffbb");
}

TEST_CASE("without a config that meets the goal, or without being asked, nothing is refined") {
  Search unmet(space_of("bbbb"), refining());
  CHECK(refined(unmet, {}).empty());
  CHECK(unmet.stop_reason() == StopReason::exhausted);

  TuneSettings settings = refining();
  settings.refine = false;
  Search plain(space_of("bbbb"), settings);
  CHECK(refined(plain, {"fffb", "fbfb"}).empty());

  Search model_wise(space_of("bbbb"), refining());
  CHECK(refined(model_wise, {"bbbb"}).empty());
  CHECK(model_wise.trials().size() == 2);
}

TEST_CASE("refining keeps to max_trials and the time-out") {
  TuneSettings settings = refining();
  settings.exit_policy.max_trials = 9;
  Search limited(space_of("bbbb"), settings);
  CHECK(refined(limited, {"fffb", "bffb"}) == "fbfb- bffb+");
  settings.exit_policy.max_trials = 8;
  Search shorter(space_of("bbbb"), settings);
  CHECK(refined(shorter, {"fffb", "bffb"}) == "fbfb-");
  CHECK(shorter.stop_reason() == StopReason::max_trials);
  CHECK(best_of(shorter) == "fffb");

  settings = refining();
  settings.exit_policy.timeout_seconds = 8.5;
  Search timed_out(space_of("bbbb"), settings);
  CHECK(refined(timed_out, {"fffb", "bffb"}) == "fbfb-");
  CHECK(timed_out.stop_reason() == StopReason::timeout);
}

TEST_CASE("with a time-out the stage begins after the others and reuses what meets the goal") {
  TuneSettings settings = refining(Objective::accuracy);
  settings.exit_policy.timeout_seconds = 1000;
  Search search(space_of("bbb"), settings);
  while (const auto proposal = search.next()) {
    const std::string letters = letters_of(proposal->config);
    record_next(search, letters == "ffb" ? done(1.5) : judged(letters, {"fbb"}));
  }
  CHECK(search.trials().back().proposal.stage == Stage::refine);
  CHECK(search.trials().back().proposal.reused_from == 4);
  CHECK(best_of(search) == "fbb");
  CHECK(search.stop_reason() == StopReason::exhausted);
}

TEST_CASE("a put-back that is measurably slower is refused where there is speed to lose") {
  struct Row {
    Outcome before, after;
    const char* best;
  };
  const std::vector<Row> rows{
      {timed(1.4, 1.5), timed(1.1, 1.2), "fffb"},   // slower
      {timed(1.4, 1.5), timed(1.3, 1.45), "fbfb"},  // equal
      {timed(1.4, 1.5), timed(1.6, 1.7), "fbfb"},   // faster
      {timed(0.8, 0.9), timed(0.6, 0.7), "fbfb"},   // neither is faster than fp32
  };
  for (const Row& row : rows) {
    Search search(space_of("bbbb"), refining(Objective::performance));
    while (const auto proposal = search.next()) {
      const std::string letters = letters_of(proposal->config);
      Outcome outcome = judged(letters, {});
      if (letters == "fffb") outcome = row.before;
      if (letters == "fbfb") outcome = row.after;
      record_next(search, outcome);
    }
    CHECK(best_of(search) == row.best);
  }
}

TEST_CASE("a boundary op goes to fp32 where that is measurably faster, and than the baseline") {
  struct Row {
    Speedup model_wise, without_first;
    const char* best;
  };
  const std::vector<Row> rows{
      {{1.2, 1.1, 1.3}, {1.5, 1.4, 1.6}, "fbb"},
      {{1.2, 1.1, 1.3}, {1.3, 1.2, 1.4}, "bbb"},
      {{0.6, 0.5, 0.7}, {0.9, 0.8, 0.95}, "bbb"},
      {{0.6, 0.5, 0.7}, {1.2, 1.1, 1.3}, "fbb"},
  };
  for (const Row& row : rows) {
    Search search(space_of("bbb"), refining(Objective::performance));
    while (const auto proposal = search.next()) {
      Outcome outcome = timed(0.1, 0.2);
      if (letters_of(proposal->config) == "bbb") outcome.speedup = row.model_wise;
      if (letters_of(proposal->config) == "fbb") outcome.speedup = row.without_first;
      record_next(search, outcome);
    }
    CHECK(best_of(search) == row.best);
  }
}

TEST_CASE("upcoming refine proposals all start from the current config") {
  Search search(space_of("bbbbb"), refining());
  while (search.next() && search.next()->stage != Stage::refine) {
    record_next(search, judged(letters_of(search.next()->config), {"ffffb"}));
  }
  const auto letters = [&] {
    std::string all;
    for (const Proposal& proposal : search.upcoming(10)) all += letters_of(proposal.config) + " ";
    return all;
  };
  CHECK(letters() == "ffbfb fbffb bfffb ");
  CHECK(search.next()->op == 2);
  CHECK(next_company(search, 10).size() == 3);
  record_next(search, judged("ffbfb", {"ffbfb"}));
  CHECK(letters() == "fbbfb bfbfb ");
}

TEST_CASE("an accuracy is needed only where a trial feeds no ranking") {
  TuneSettings settings = refining();
  settings.early_abort = true;
  Search search(space_of("bbbb"), settings);
  std::vector<std::optional<double>> needed;
  while (const auto proposal = search.next()) {
    if (proposal->stage < Stage::incremental) CHECK_FALSE(search.accuracy_needed().has_value());
    if (proposal->stage == Stage::incremental) CHECK(search.accuracy_needed() == 0.5);
    if (proposal->stage == Stage::refine) CHECK(search.accuracy_needed() == 0.9);
    record_next(search, judged(letters_of(proposal->config), {"fffb"}));
  }
  CHECK_FALSE(search.accuracy_needed().has_value());
}

TEST_CASE("an incremental trial must beat the best miss, or reach a goal that was met before") {
  struct Row {
    double fallback_accuracy;
    double needed;
  };
  for (const Row row : {Row{0.7, 0.7}, Row{0.95, 0.9}, Row{0.3, 0.5}}) {
    TuneSettings settings = refining();
    settings.early_abort = true;
    settings.exit_policy.timeout_seconds = 1000;
    Search search(space_of("bbb"), settings);
    search.record(done(1));
    search.record(done(0.5));
    for (int i = 0; i < 3; ++i) search.record(done(row.fallback_accuracy));
    CHECK(search.stage() == Stage::incremental);
    CHECK(search.accuracy_needed().value() == doctest::Approx(row.needed));
    settings.early_abort = false;
  }
}

TEST_CASE("an aborted trial never meets the goal and is never the best") {
  Outcome aborted = done(0);
  aborted.state = TrialState::aborted;
  aborted.reason = "at best 0.4";
  TuneSettings settings = refining();
  Search search(space_of("bbb"), settings);
  search.record(done(1));
  for (int i = 0; i < 4; ++i) search.record(done(0.5));
  search.record(aborted);
  CHECK(search.stop_reason() == std::nullopt);
  CHECK(search.best_seq() == 1);
  CHECK_FALSE(search.trials().back().meets_goal);
}
