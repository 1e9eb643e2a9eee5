#include "ampd/strategy.hpp"

#include <cmath>
#include <exception>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "library/replay.hpp"
#include "tuning/search.hpp"

namespace ampd {

using library::replay;
using library::settle_reused;
using tuning::Proposal;
using tuning::Search;
using tuning::Trial;

struct AutoMixedPrecisionTuneStrategy::Implementation {
  Implementation(TuningSpace space, const Conf& conf, EvalFunc function)
      : search(std::move(space), conf.settings), eval_func(std::move(function)) {}

  Outcome evaluate(const TuneConfig& config);
  Outcome evaluate_or_fail(const TuneConfig& config);
  void warn_of_unused(const std::string& parameter);

  Search search;
  EvalFunc eval_func;
  std::function<void()> after_each_trial;
  std::vector<std::string> warnings;
  base::SystemClock clock;
};

Outcome AutoMixedPrecisionTuneStrategy::Implementation::evaluate(const TuneConfig& config) {
  const std::chrono::nanoseconds start = clock.monotonic();
  const auto run = [](const Tensors&) -> std::vector<Tensor> {
    throw Error(ErrorCode::unsupported,
                "the candidate cannot be run: the strategy was given a tuning space, not a model");
  };
  Outcome outcome;
  outcome.accuracy = eval_func({search.space(), config, run});
  outcome.state = TrialState::done;
  outcome.seconds = std::chrono::duration<double>(clock.monotonic() - start).count();
  return outcome;
}

Outcome AutoMixedPrecisionTuneStrategy::Implementation::evaluate_or_fail(const TuneConfig& config) {
  const std::chrono::nanoseconds start = clock.monotonic();
  const bool is_baseline = search.trials().empty();
  try {
    Outcome outcome = evaluate(config);
    if (is_baseline && std::isnan(outcome.accuracy)) {
      throw Error(ErrorCode::invalid, "the accuracy of the fp32 model is not a number");
    }
    return outcome;
  } catch (const std::exception& error) {
    if (is_baseline) throw;
    Outcome outcome;
    outcome.reason = error.what();
    outcome.seconds = std::chrono::duration<double>(clock.monotonic() - start).count();
    return outcome;
  }
}

void AutoMixedPrecisionTuneStrategy::Implementation::warn_of_unused(const std::string& parameter) {
  warnings.push_back(parameter + " is not used: no precision that needs a calibration is tuned");
}

AutoMixedPrecisionTuneStrategy::AutoMixedPrecisionTuneStrategy(
    TuningSpace model, Conf conf, Dataloader q_dataloader, CalibrationFunc q_func,
    Dataloader eval_dataloader, EvalFunc eval_func, Dicts dicts, Hooks q_hooks)
    : implementation_(
          std::make_unique<Implementation>(std::move(model), conf, std::move(eval_func))) {
  if (eval_dataloader && !implementation_->eval_func) {
    throw Error(ErrorCode::unsupported,
                "the eval_dataloader has no model to run on: the strategy was given a tuning "
                "space; give an eval_func");
  }
  if (q_dataloader) implementation_->warn_of_unused("q_dataloader");
  if (q_func) implementation_->warn_of_unused("q_func");
  if (!q_hooks.empty()) implementation_->warn_of_unused("q_hooks");
  replay(dicts, implementation_->search);
}

AutoMixedPrecisionTuneStrategy::~AutoMixedPrecisionTuneStrategy() = default;
AutoMixedPrecisionTuneStrategy::AutoMixedPrecisionTuneStrategy(
    AutoMixedPrecisionTuneStrategy&&) noexcept = default;
AutoMixedPrecisionTuneStrategy& AutoMixedPrecisionTuneStrategy::operator=(
    AutoMixedPrecisionTuneStrategy&&) noexcept = default;

std::optional<TuneConfig> AutoMixedPrecisionTuneStrategy::next_tune_cfg() const {
  std::optional<Proposal> proposal = implementation_->search.next();
  if (!proposal) return std::nullopt;
  return std::move(proposal->config);
}

void AutoMixedPrecisionTuneStrategy::record(Outcome outcome) {
  Search& search = implementation_->search;
  if (search.stop_reason()) {
    throw Error(ErrorCode::conflict, "an outcome cannot be recorded: the tuning has ended");
  }
  if (!(outcome.seconds >= 0)) {
    throw Error(ErrorCode::invalid, "the outcome of trial " +
                                        std::to_string(search.trials().size()) +
                                        " took negative seconds");
  }
  if (outcome.state == TrialState::done && std::isnan(outcome.accuracy)) {
    outcome.state = TrialState::invalid;
    outcome.reason = "the accuracy is not a number";
  }
  outcome.reason = base::valid_utf8(outcome.reason);
  search.record(std::move(outcome));
  settle_reused(search);
}

bool AutoMixedPrecisionTuneStrategy::traverse() {
  if (!implementation_->eval_func) {
    throw Error(ErrorCode::invalid, "nothing says how good a candidate is: give an eval_func");
  }
  while (const std::optional<TuneConfig> config = next_tune_cfg()) {
    record(implementation_->evaluate_or_fail(*config));
    if (implementation_->after_each_trial) implementation_->after_each_trial();
  }
  return goal_met().value_or(false);
}

void AutoMixedPrecisionTuneStrategy::after_each_trial(std::function<void()> callback) {
  implementation_->after_each_trial = std::move(callback);
}

const TuningSpace& AutoMixedPrecisionTuneStrategy::space() const {
  return implementation_->search.space();
}

const std::vector<Trial>& AutoMixedPrecisionTuneStrategy::trials() const {
  return implementation_->search.trials();
}

std::optional<Trial> AutoMixedPrecisionTuneStrategy::best() const {
  const std::optional<std::int64_t> seq = implementation_->search.best_seq();
  if (!seq) return std::nullopt;
  return trials().at(static_cast<std::size_t>(*seq));
}

std::optional<bool> AutoMixedPrecisionTuneStrategy::goal_met() const {
  return implementation_->search.goal_met();
}

std::optional<tuning::StopReason> AutoMixedPrecisionTuneStrategy::stop_reason() const {
  return implementation_->search.stop_reason();
}

Dicts AutoMixedPrecisionTuneStrategy::dicts() const {
  return library::dicts_of(implementation_->search);
}

std::vector<tuning::RankedOp> AutoMixedPrecisionTuneStrategy::ranking() const {
  return implementation_->search.ranking();
}

const std::vector<std::string>& AutoMixedPrecisionTuneStrategy::warnings() const {
  return implementation_->warnings;
}

}  // namespace ampd
