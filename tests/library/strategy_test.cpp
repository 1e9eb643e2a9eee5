#include "ampd/strategy.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "ampd/error.hpp"
#include "tuning/spaces.hpp"

using namespace ampd;
using tuning::letters_of;
using tuning::space_of;
using Strategy = AutoMixedPrecisionTuneStrategy;

namespace {

/// An accuracy that differs from config to config: each low operator costs a little.
double accuracy_of(const TuneConfig& config) {
  const std::vector<double> costs{0.11, 0.02, 0.17, 0.05, 0.02};
  double accuracy = 0.9;
  for (std::size_t i = 0; i < config.precisions.size(); ++i) {
    if (config.precisions[i] != Precision::fp32) accuracy -= costs[i % costs.size()];
  }
  return accuracy;
}

double judge(const Candidate& candidate) {
  return accuracy_of(candidate.config);
}

Conf conf_with(double tolerance) {
  Conf conf;
  conf.settings.criterion.relative = false;
  conf.settings.criterion.tolerance = tolerance;
  return conf;
}

Strategy strategy_of(const char* letters, Conf conf, EvalFunc eval_func, Dicts dicts = {}) {
  return Strategy(space_of(letters), conf, {}, {}, {}, std::move(eval_func), std::move(dicts));
}

/// All of a trial but the time that it took.
std::vector<tuning::Trial> without_times(std::vector<tuning::Trial> trials) {
  for (tuning::Trial& trial : trials) trial.outcome.seconds = 0;
  return trials;
}

}  // namespace

TEST_CASE("traverse finds the lowest precisions that keep the accuracy") {
  Strategy strategy = strategy_of("bbbbb", conf_with(0.1), judge);
  CHECK(strategy.traverse());
  CHECK(strategy.goal_met() == true);
  CHECK(strategy.stop_reason() == tuning::StopReason::goal_met);
  REQUIRE(strategy.best().has_value());
  CHECK(letters_of(strategy.best()->proposal.config) == "fbfbb");
  CHECK(strategy.ranking().front().op == 2);
  CHECK(strategy.ranking().back().op == 1);
  CHECK_FALSE(strategy.next_tune_cfg().has_value());
}

TEST_CASE("a strategy can be driven by hand and makes the same trials") {
  Strategy traversed = strategy_of("bbLb", conf_with(-1), judge);
  CHECK_FALSE(traversed.traverse());
  Strategy driven(space_of("bbLb"), conf_with(-1));
  while (const auto config = driven.next_tune_cfg()) {
    CHECK(driven.next_tune_cfg() == config);
    driven.record({.state = TrialState::done, .accuracy = accuracy_of(*config)});
  }
  CHECK(without_times(driven.trials()) == without_times(traversed.trials()));
  CHECK(driven.goal_met() == false);
  CHECK_THROWS_WITH_AS(driven.record({}), doctest::Contains("the tuning has ended"), Error);
}

TEST_CASE("a config is evaluated once, and what is reused is not proposed") {
  std::vector<std::string> evaluated;
  Strategy strategy = strategy_of("b", conf_with(-1), [&](const Candidate& candidate) {
    evaluated.push_back(letters_of(candidate.config));
    return judge(candidate);
  });
  strategy.traverse();
  CHECK(evaluated == std::vector<std::string>{"f", "b"});
  REQUIRE(strategy.trials().size() == 3);
  CHECK(strategy.trials()[2].proposal.reused_from == 0);
}

TEST_CASE("a strategy resumed from its dicts at any moment goes on as an undisturbed one") {
  for (const char* letters : {"b", "bbb", "bLbfbF"}) {
    for (const double tolerance : {-1.0, 0.12}) {
      Strategy undisturbed = strategy_of(letters, conf_with(tolerance), judge);
      undisturbed.traverse();
      const auto evaluations = undisturbed.dicts().trials.size();
      for (std::size_t moment = 0; moment <= evaluations; ++moment) {
        Strategy first(space_of(letters), conf_with(tolerance));
        for (std::size_t i = 0; i < moment; ++i) {
          first.record(
              {.state = TrialState::done, .accuracy = accuracy_of(*first.next_tune_cfg())});
        }
        const Dicts dicts = dicts_from_json(to_json(first.dicts()));
        std::size_t further = 0;
        Strategy second = strategy_of(
            letters, conf_with(tolerance),
            [&](const Candidate& candidate) { return ++further, judge(candidate); }, dicts);
        CHECK(second.trials() == first.trials());
        CHECK(second.traverse() == undisturbed.goal_met());
        CHECK(further == evaluations - moment);
        CHECK(without_times(second.trials()) == without_times(undisturbed.trials()));
        CHECK(second.ranking() == undisturbed.ranking());
      }
    }
  }
}

TEST_CASE("a resumed strategy takes the new conf, not the old one") {
  Conf conf = conf_with(-1);
  conf.settings.exit_policy.max_trials = 2;
  Strategy first = strategy_of("bbb", conf, judge);
  first.traverse();
  CHECK(first.stop_reason() == tuning::StopReason::max_trials);
  Strategy second = strategy_of("bbb", conf_with(-1), judge, first.dicts());
  second.traverse();
  CHECK(second.trials().size() == 7);
  CHECK_THROWS_WITH_AS(strategy_of("bbb", conf, judge, second.dicts()),
                       doctest::Contains("under this conf the tuning ends after 3"), Error);
}

TEST_CASE("dicts of another tuning are refused") {
  Strategy first = strategy_of("bb", conf_with(-1), judge);
  first.traverse();
  const auto code_of = [&](const char* letters, const Dicts& dicts) {
    try {
      Strategy second = strategy_of(letters, conf_with(-1), judge, dicts);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::io;
  };
  CHECK(code_of("bbb", first.dicts()) == ErrorCode::divergence);
  Dicts other = first.dicts();
  other.strategy_version += 1;
  CHECK(code_of("bb", other) == ErrorCode::divergence);
  other = first.dicts();
  other.trials[2].config_digest = other.trials[1].config_digest;
  CHECK(code_of("bb", other) == ErrorCode::divergence);
  other = first.dicts();
  other.trials[2].outcome.accuracy = 7;
  CHECK(code_of("bb", other) == ErrorCode::divergence);
}

TEST_CASE("what an eval_func throws fails the trial and the tuning goes on") {
  Strategy strategy = strategy_of("bbb", conf_with(-1), [](const Candidate& candidate) {
    if (letters_of(candidate.config) == "bfb") throw std::runtime_error("no \xff memory");
    if (letters_of(candidate.config) == "bbb") return std::nan("");
    return judge(candidate);
  });
  CHECK_FALSE(strategy.traverse());
  CHECK(strategy.trials().size() == 7);
  CHECK(strategy.trials()[1].outcome.state == TrialState::invalid);
  CHECK(strategy.trials()[3].outcome.state == TrialState::failed);
  CHECK(strategy.trials()[3].outcome.reason == "no \xef\xbf\xbd memory");
  CHECK(strategy.ranking().back().op == 1);
  CHECK(dicts_from_json(to_json(strategy.dicts())) == strategy.dicts());
}

TEST_CASE("what the baseline throws comes through, and traverse can be called again") {
  int calls = 0;
  Strategy strategy = strategy_of("bb", conf_with(1), [&](const Candidate& candidate) {
    ++calls;
    if (calls == 1) throw std::logic_error("not yet");
    return calls == 2 ? std::nan("") : judge(candidate);
  });
  CHECK_THROWS_WITH_AS(strategy.traverse(), "not yet", std::logic_error);
  CHECK_THROWS_WITH_AS(strategy.traverse(), doctest::Contains("is not a number"), Error);
  CHECK(strategy.trials().empty());
  CHECK(strategy.traverse());
}

TEST_CASE("the callback sees every trial and may interrupt the tuning") {
  Strategy strategy = strategy_of("bb", conf_with(-1), judge);
  std::vector<std::size_t> sizes;
  strategy.after_each_trial([&] {
    sizes.push_back(strategy.trials().size());
    if (sizes.size() == 2) throw std::runtime_error("enough");
  });
  CHECK_THROWS_WITH(strategy.traverse(), "enough");
  CHECK_FALSE(strategy.traverse());
  CHECK(sizes == std::vector<std::size_t>{1, 2, 3, 5});
}

TEST_CASE("a strategy over a bare space has nothing to run") {
  Strategy strategy = strategy_of("b", {}, [](const Candidate& candidate) {
    candidate.run({});
    return 0.0;
  });
  CHECK_THROWS_WITH_AS(strategy.traverse(), doctest::Contains("cannot be run"), Error);
}

TEST_CASE("without a judge, traverse says what to give") {
  Strategy strategy(space_of("b"));
  CHECK_THROWS_WITH_AS(strategy.traverse(), doctest::Contains("eval_func"), Error);
}

TEST_CASE("parameters for a calibration are kept and named in the warnings") {
  Strategy strategy(
      space_of("b"), {}, [](std::int64_t) { return std::nullopt; }, [](const Candidate&) {}, {}, {},
      {}, {{"on_epoch_begin", [] {}}});
  REQUIRE(strategy.warnings().size() == 3);
  CHECK(strategy.warnings()[0].starts_with("q_dataloader is not used"));
  CHECK(strategy.warnings()[1].starts_with("q_func is not used"));
  CHECK(strategy.warnings()[2].starts_with("q_hooks is not used"));
  CHECK(Strategy(space_of("b")).warnings().empty());
}

TEST_CASE("an eval_dataloader over a bare space is refused, unless there is an eval_func") {
  const Dataloader nothing = [](std::int64_t) { return std::nullopt; };
  CHECK_THROWS_WITH_AS(Strategy(space_of("b"), {}, {}, {}, nothing), doctest::Contains("no model"),
                       Error);
  CHECK_NOTHROW(Strategy(space_of("b"), {}, {}, {}, nothing, judge));
}

TEST_CASE("an outcome that took negative seconds is refused") {
  Strategy strategy(space_of("b"));
  CHECK_THROWS_AS(strategy.record({.seconds = -1}), Error);
  CHECK_THROWS_AS(strategy.record({.seconds = std::numeric_limits<double>::quiet_NaN()}), Error);
  CHECK(strategy.trials().empty());
}
