#include "tuning/search.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ampd/error.hpp"
#include "tuning/spaces.hpp"

using namespace ampd;
using namespace ampd::tuning;

namespace {

using Table = std::map<std::string, Outcome>;  // by the config's letters

TuneSettings unmeetable() {
  TuneSettings settings;
  settings.criterion = {false, -0.5, true};
  return settings;
}

/// Runs `search` to its end; configs that the table lacks get the accuracy 0.5.
void run(Search& search, const Table& table = {}) {
  while (const auto proposal = search.next()) {
    if (proposal->reused_from) {
      search.record(search.trials().at(static_cast<std::size_t>(*proposal->reused_from)).outcome);
      continue;
    }
    const auto found = table.find(letters_of(proposal->config));
    search.record(found == table.end() ? done(0.5) : found->second);
  }
}

/// "baseline fff, model_wise bbb, ..."
std::string history_of(const Search& search) {
  std::string history;
  for (const Trial& trial : search.trials()) {
    if (!history.empty()) history += ", ";
    history += std::string(to_string(trial.proposal.stage)) + " ";
    history += letters_of(trial.proposal.config);
    if (trial.proposal.reused_from) history += "=" + std::to_string(*trial.proposal.reused_from);
  }
  return history;
}

std::vector<std::size_t> order_of(const Search& search) {
  std::vector<std::size_t> order;
  for (const RankedOp& ranked : search.ranking()) order.push_back(ranked.op);
  return order;
}

}  // namespace

TEST_CASE("the stages follow each other in the order of the original") {
  Search search(space_of("bbb"), unmeetable());
  run(search, {{"fbb", done(0.6)}, {"bfb", done(0.8)}, {"bbf", done(0.7)}});
  CHECK(history_of(search) ==
        "baseline fff, model_wise bbb, fallback bbf, fallback bfb, fallback fbb, "
        "incremental bff, incremental fff=0");
  CHECK(order_of(search) == std::vector<std::size_t>{1, 2, 0});
  CHECK(search.stop_reason() == StopReason::exhausted);
  CHECK(search.trials_at_most() == 7);
  CHECK(search.goal_met() == false);
}

TEST_CASE("the histories of special spaces") {
  struct Row {
    const char* space;
    const char* history;
  };
  const std::vector<Row> rows{
      {"b", "baseline f, model_wise b, fallback f=0"},
      {"L", "baseline f, model_wise b"},
      {"Lf", "baseline ff, model_wise bf"},
      {"bL", "baseline ff, model_wise bb, fallback fb"},
      {"bF", "baseline ff, model_wise bf, fallback ff=0"},
      {"bfb", "baseline fff, model_wise bfb, fallback bff, fallback ffb, incremental fff=0"},
      {"bLbF", "baseline ffff, model_wise bbbf, fallback bbff, fallback fbbf, incremental fbff"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.space);
    Search search(space_of(row.space), unmeetable());
    run(search);
    CHECK(history_of(search) == row.history);
    CHECK(search.trials_at_most() == std::ssize(search.trials()));
  }
}

TEST_CASE("a space without anything to tune is unsupported") {
  for (const char* letters : {"", "f", "F", "fF"}) {
    CAPTURE(letters);
    try {
      Search search(space_of(letters), {});
      FAIL("a search was made");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::unsupported);
    }
  }
  TuningSpace only_fp32 = space_of("bb");
  only_fp32.target = Precision::fp32;
  CHECK_THROWS_AS(Search(only_fp32, {}), Error);
}

TEST_CASE("a space that contradicts itself is refused by the operator's name") {
  TuningSpace twins = space_of("bb");
  twins.ops[1].name = "op0";
  CHECK_THROWS_WITH_AS(Search(twins, {}), doctest::Contains("\"op0\""), Error);
  TuningSpace pinned = space_of("bb");
  pinned.ops[1].pinned = Precision::int8;
  CHECK_THROWS_WITH_AS(Search(pinned, {}), doctest::Contains("\"op1\" is pinned to int8"), Error);
}

TEST_CASE("equal accuracies keep the last op first and failed trials rank last") {
  struct Row {
    Table table;
    std::vector<std::size_t> order;
  };
  const std::vector<Row> rows{
      {{}, {3, 2, 1, 0}},
      {{{"fbbb", done(0.6)}}, {0, 3, 2, 1}},
      {{{"bbbf", failed()}, {"bfbb", failed()}}, {2, 0, 3, 1}},
      {{{"bbbf", done(0.4)}, {"bbfb", failed()}}, {1, 0, 3, 2}},
  };
  for (const Row& row : rows) {
    Search search(space_of("bbbb"), unmeetable());
    run(search, row.table);
    CHECK(order_of(search) == row.order);
  }
}

TEST_CASE("equal accuracies keep the last op first among many operators too") {
  TuneSettings settings = unmeetable();
  settings.exit_policy.max_trials = 101;
  Search search(space_of(std::string(100, 'b')), settings);
  run(search);
  std::vector<std::size_t> last_first;
  for (std::size_t op = 100; op-- > 0;) last_first.push_back(op);
  CHECK(order_of(search) == last_first);
}

TEST_CASE("the ranking grows with the fallback stage") {
  Search search(space_of("bb"), unmeetable());
  CHECK(search.ranking().empty());
  search.record(done(0.5));
  search.record(done(0.4));
  CHECK(search.ranking().empty());
  search.record(done(0.45));
  REQUIRE(search.ranking().size() == 1);
  CHECK(search.ranking()[0] == RankedOp{1, 0.45, 0.45 - 0.4});
}

TEST_CASE("impact is what the fallback gains in the goal's direction") {
  TuneSettings settings = unmeetable();
  settings.criterion.higher_is_better = false;
  Search search(space_of("bb"), settings);
  run(search, {{"bb", done(2)}, {"bf", done(1.5)}, {"fb", done(2.25)}});
  CHECK(search.ranking() == std::vector<RankedOp>{{1, 1.5, 0.5}, {0, 2.25, -0.25}});

  Search without_model_wise(space_of("bb"), settings);
  run(without_model_wise, {{"bb", failed()}, {"bf", done(1.5)}, {"fb", failed()}});
  CHECK(without_model_wise.ranking() ==
        std::vector<RankedOp>{{1, 1.5, std::nullopt}, {0, std::nullopt, std::nullopt}});
}

TEST_CASE("an infinite accuracy is ranked and has no impact that is not a number") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  TuneSettings settings;
  settings.criterion = {true, 0.01, false};
  Search search(space_of("bb"), settings);
  run(search, {{"ff", done(1)}, {"bb", done(infinity)}, {"bf", done(infinity)}});
  CHECK(search.trials()[3].meets_goal);
  CHECK(search.ranking() == std::vector<RankedOp>{{0, 0.5, infinity}, {1, infinity, std::nullopt}});
}

TEST_CASE("without a time-out the first success ends the search in whichever stage") {
  struct Row {
    Table table;
    std::int64_t last_seq;
  };
  const std::vector<Row> rows{
      {{{"bb", done(0.496)}}, 1},
      {{{"bb", done(0.1)}, {"bf", done(0.495)}}, 2},
      {{{"bb", done(0.1)}, {"bf", done(0.1)}, {"fb", done(0.9)}}, 3},
  };
  for (const Row& row : rows) {
    Search search(space_of("bb"), {});
    run(search, row.table);
    CHECK(search.trials().back().proposal.seq == row.last_seq);
    CHECK(search.stop_reason() == StopReason::goal_met);
    CHECK(search.goal_met() == true);
    CHECK(search.best_seq() == row.last_seq);
    CHECK(search.stage() == search.trials().back().proposal.stage);
  }
}

TEST_CASE("a config without a low-precision op never meets the goal") {
  Search search(space_of("bb"), {});
  run(search, {{"bb", done(0.1)}, {"bf", done(0.1)}, {"fb", done(0.2)}});
  CHECK(search.stop_reason() == StopReason::exhausted);
  CHECK(search.goal_met() == false);
  CHECK(search.best_seq() == 3);
  CHECK_FALSE(search.trials().back().meets_goal);
}

TEST_CASE("with a time-out a success does not end the search, but the seconds do") {
  TuneSettings settings;
  settings.exit_policy.timeout_seconds = 4;
  Search search(space_of("bbb"), settings);
  run(search);
  CHECK(search.trials().size() == 4);
  CHECK(search.stop_reason() == StopReason::timeout);
  CHECK(search.goal_met() == true);
  CHECK(search.best_seq() == 1);

  settings.exit_policy.timeout_seconds = 6;  // the seventh trial is reused and takes no time
  Search longer(space_of("bbb"), settings);
  run(longer);
  CHECK(longer.stop_reason() == StopReason::timeout);
  CHECK(longer.trials().size() == 6);

  settings.exit_policy.timeout_seconds = 6.5;
  Search longest(space_of("bbb"), settings);
  run(longest);
  CHECK(longest.stop_reason() == StopReason::exhausted);
}

TEST_CASE("a time-out inside a trial ends the search and keeps its history") {
  TuneSettings settings;
  settings.exit_policy.timeout_seconds = 100;
  Search search(space_of("bb"), settings);
  search.record(done(0.5));
  search.record(done(0.4));
  search.stop_for_timeout();
  CHECK_FALSE(search.next().has_value());
  CHECK(search.upcoming(3).empty());
  CHECK(search.stop_reason() == StopReason::timeout);
  CHECK(search.stage() == Stage::model_wise);
  CHECK(search.best_seq() == 1);

  Search at_once(space_of("bb"), settings);
  at_once.stop_for_timeout();
  CHECK(at_once.stop_reason() == StopReason::timeout);
  CHECK(at_once.stage() == Stage::baseline);
  CHECK_FALSE(at_once.goal_met().has_value());
}

TEST_CASE("max_trials counts the trials after the baseline, reused ones included") {
  for (std::int64_t max_trials = 0; max_trials < 8; ++max_trials) {
    TuneSettings settings = unmeetable();
    settings.exit_policy.max_trials = max_trials;
    Search search(space_of("bbb"), settings);
    CHECK(std::ssize(search.upcoming(100)) == std::min(max_trials + 1, std::int64_t{5}));
    run(search);
    CHECK(std::ssize(search.trials()) == std::min(max_trials + 1, std::int64_t{7}));
    CHECK(search.stop_reason() ==
          (max_trials < 6 ? StopReason::max_trials : StopReason::exhausted));
  }
  TuneSettings without_limit = unmeetable();
  without_limit.exit_policy.max_trials = std::numeric_limits<std::int64_t>::max();
  Search search(space_of("bbb"), without_limit);
  run(search);
  CHECK(search.trials().size() == 7);
}

TEST_CASE("performance_only ends after the model-wise trial, whatever its accuracy") {
  TuneSettings settings = unmeetable();
  settings.exit_policy.performance_only = true;
  for (const Outcome& outcome : {done(0.1), failed()}) {
    Search search(space_of("bbb"), settings);
    CHECK(search.upcoming(9).size() == 2);
    run(search, {{"bbb", outcome}});
    CHECK(search.trials().size() == 2);
    CHECK(search.stop_reason() == StopReason::performance_only);
  }
}

TEST_CASE("a baseline without accuracy ends the search") {
  Outcome invalid = failed();
  invalid.state = TrialState::invalid;
  for (const Outcome& outcome : {failed(), invalid}) {
    Search search(space_of("bb"), {});
    search.record(outcome);
    CHECK(search.stop_reason() == StopReason::baseline_failed);
    CHECK_FALSE(search.next().has_value());
    CHECK_FALSE(search.goal_met().has_value());
    CHECK_FALSE(search.best_seq().has_value());
    CHECK_FALSE(search.target_accuracy().has_value());
  }
}

TEST_CASE("a failed model-wise trial does not end the search") {
  Search search(space_of("bb"), {});
  run(search, {{"bb", failed()}, {"bf", done(0.1)}, {"fb", done(0.5)}});
  CHECK(search.stop_reason() == StopReason::goal_met);
  CHECK(search.best_seq() == 3);
}

TEST_CASE("the objective decides among configs that meet the goal") {
  const auto measured = [](double accuracy, std::optional<std::int64_t> latency_ns,
                           std::int64_t model_bytes, std::int64_t footprint_bytes) {
    Outcome outcome = done(accuracy);
    outcome.latency_ns = latency_ns;
    outcome.model_bytes = model_bytes;
    outcome.footprint_bytes = footprint_bytes;
    return outcome;
  };
  const Table table{
      {"bb", measured(0.500, std::nullopt, 4, 9)},
      {"bf", measured(0.501, 7, 5, 8)},
      {"fb", measured(0.502, 8, 5, 8)},
  };
  struct Row {
    Objective objective;
    std::int64_t best_seq;
  };
  for (const Row row : {Row{Objective::performance, 2}, Row{Objective::modelsize, 1},
                        Row{Objective::footprint, 2}, Row{Objective::accuracy, 3}}) {
    TuneSettings settings;
    settings.objective = row.objective;
    settings.exit_policy.timeout_seconds = 1000;
    Search search(space_of("bb"), settings);
    run(search, table);
    CHECK(search.best_seq() == row.best_seq);
  }
}

TEST_CASE("a config in the goal beats a faster or more accurate one outside it") {
  TuneSettings settings;
  settings.criterion = {false, 0.1, false};
  settings.exit_policy.timeout_seconds = 1000;
  Outcome fast = done(0.9);
  fast.latency_ns = 1;
  Search search(space_of("bb"), settings);
  run(search, {{"bb", fast}, {"bf", done(0.8)}, {"fb", done(0.6)}});
  CHECK(search.best_seq() == 3);
}

TEST_CASE("ties are broken by more low ops, then by the smaller seq") {
  TuneSettings settings = unmeetable();
  Search search(space_of("bbb"), settings);
  run(search, {{"bbb", done(0.4)}});
  CHECK(search.best_seq() == 2);
  Search all_equal(space_of("bbb"), settings);
  run(all_equal);
  CHECK(all_equal.best_seq() == 1);
}

TEST_CASE("outcomes are stored without negative zeros and without accuracies of failed trials") {
  Search search(space_of("bb"), unmeetable());
  search.record(done(-0.0));
  CHECK_FALSE(std::signbit(search.trials()[0].outcome.accuracy));
  Outcome invalid = done(std::numeric_limits<double>::quiet_NaN());
  invalid.state = TrialState::invalid;
  search.record(invalid);
  CHECK(search.trials()[1].outcome.accuracy == 0);
  CHECK_FALSE(search.trials()[1].meets_goal);
}

TEST_CASE("upcoming shows what is certain of the rest") {
  Search search(space_of("bb"), unmeetable());
  const auto seqs = [&] {
    std::vector<std::int64_t> list;
    for (const Proposal& proposal : search.upcoming(10)) list.push_back(proposal.seq);
    return list;
  };
  CHECK(search.upcoming(0).empty());
  CHECK(seqs() == std::vector<std::int64_t>{0, 1, 2, 3});
  search.record(done(0.5));
  search.record(done(0.5));
  CHECK(seqs() == std::vector<std::int64_t>{2, 3});
  search.record(done(0.5));
  search.record(done(0.5));
  CHECK(seqs() == std::vector<std::int64_t>{4});
  CHECK(search.upcoming(10)[0].reused_from == 0);
}

TEST_CASE("upcoming marks a config that an earlier upcoming one evaluates") {
  const Search search(space_of("b"), unmeetable());
  CHECK(search.upcoming(3).at(2).reused_from == 0);
}
