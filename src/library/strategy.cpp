#include "ampd/strategy.hpp"

#include <cmath>
#include <exception>
#include <utility>

#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "engine/program.hpp"
#include "library/execution.hpp"
#include "library/replay.hpp"
#include "tuning/search.hpp"

namespace ampd {

using library::Execution;
using library::Ground;
using library::replay;
using library::settle_reused;
using tuning::Proposal;
using tuning::Search;
using tuning::Trial;

namespace {

std::unique_ptr<Execution> execution_of(const Model& model, const Conf& conf,
                                        Dataloader dataloader) {
  const auto* path = std::get_if<std::filesystem::path>(&model);
  if (path == nullptr) return nullptr;
  return std::make_unique<Execution>(*path, conf.job ? *conf.job : job::Job(),
                                     std::move(dataloader));
}

TuningSpace space_of(const Model& model, const Conf& conf, const Execution* execution) {
  if (execution != nullptr) return execution->space();
  TuningSpace space = std::get<TuningSpace>(model);
  if (conf.job) job::apply_constraints(*conf.job, space);
  return space;
}

}  // namespace

struct AutoMixedPrecisionTuneStrategy::Implementation {
  Implementation(const Model& model, const Conf& conf, Dataloader dataloader, EvalFunc function)
      : execution(execution_of(model, conf, std::move(dataloader))),
        search(space_of(model, conf, execution.get()), conf.settings),
        eval_func(std::move(function)) {}

  bool can_judge() const { return eval_func || (execution && execution->can_judge()); }
  Ground ground() const;
  std::optional<Outcome> judge(const TuneConfig& config);
  std::optional<Outcome> evaluate(const TuneConfig& config);
  bool wants_latency(const TuneConfig& config, const Outcome& outcome) const;
  void warn_of_unused(const std::string& parameter);

  std::unique_ptr<Execution> execution;  // null: the program executes the model
  Search search;
  EvalFunc eval_func;
  std::function<void()> after_each_trial;
  std::vector<std::string> warnings;
  base::SystemClock clock;
};

Ground AutoMixedPrecisionTuneStrategy::Implementation::ground() const {
  if (!execution) return {};
  return {execution->model_digest(), engine::fingerprint()};
}

/// Nothing when the time ran out.
std::optional<Outcome> AutoMixedPrecisionTuneStrategy::Implementation::judge(
    const TuneConfig& config) {
  if (!eval_func) {
    const double timeout = search.settings().exit_policy.timeout_seconds;
    const double seconds_left = timeout - search.seconds_used();
    const std::chrono::nanoseconds start = clock.monotonic();
    return execution->judge(config, search.accuracy_needed(), [&] {
      const std::chrono::duration<double> used = clock.monotonic() - start;
      return timeout > 0 && used.count() >= seconds_left;
    });
  }
  const auto run = [&](const Tensors& inputs) {
    if (execution) return execution->run(config, inputs);
    throw Error(ErrorCode::unsupported,
                "the candidate cannot be run: the strategy was given a tuning space, not a model");
  };
  Outcome outcome;
  outcome.accuracy = eval_func({search.space(), config, run});
  outcome.state = TrialState::done;
  if (execution) execution->add_sizes(config, outcome);
  return outcome;
}

std::optional<Outcome> AutoMixedPrecisionTuneStrategy::Implementation::evaluate(
    const TuneConfig& config) {
  const std::chrono::nanoseconds start = clock.monotonic();
  const bool is_baseline = search.trials().empty();
  std::optional<Outcome> outcome;
  try {
    outcome = judge(config);
    if (!outcome) return std::nullopt;
    if (is_baseline && std::isnan(outcome->accuracy)) {
      throw Error(ErrorCode::invalid, "the accuracy of the fp32 model is not a number");
    }
    if (wants_latency(config, *outcome)) execution->add_times(config, *outcome);
  } catch (const std::exception& error) {
    if (is_baseline) throw;
    outcome = Outcome{};
    outcome->reason = error.what();
  }
  outcome->seconds = std::chrono::duration<double>(clock.monotonic() - start).count();
  return outcome;
}

bool AutoMixedPrecisionTuneStrategy::Implementation::wants_latency(const TuneConfig& config,
                                                                   const Outcome& outcome) const {
  const TuneSettings& settings = search.settings();
  return execution && settings.objective == Objective::performance &&
         outcome.state == TrialState::done && config.low_ops() > 0 &&
         settings.criterion.is_met(outcome.accuracy, search.baseline_accuracy().value());
}

void AutoMixedPrecisionTuneStrategy::Implementation::warn_of_unused(const std::string& parameter) {
  warnings.push_back(parameter + " is not used: no precision that needs a calibration is tuned");
}

AutoMixedPrecisionTuneStrategy::AutoMixedPrecisionTuneStrategy(
    Model model, Conf conf, Dataloader q_dataloader, CalibrationFunc q_func,
    Dataloader eval_dataloader, EvalFunc eval_func, Dicts dicts, Hooks q_hooks) {
  const bool has_dataloader = static_cast<bool>(eval_dataloader);
  implementation_ = std::make_unique<Implementation>(model, conf, std::move(eval_dataloader),
                                                     std::move(eval_func));
  if (has_dataloader && !implementation_->can_judge()) {
    throw implementation_->execution
        ? Error(ErrorCode::invalid,
                "nothing says how the eval_dataloader's batches are judged: give a conf that names "
                "a metric, such as parse_conf(\"evaluation: {accuracy: {metric: {topk: 1}}}\")")
        : Error(ErrorCode::unsupported,
                "the eval_dataloader has no model to run on: the strategy was given a tuning "
                "space; give an eval_func");
  }
  if (q_dataloader) implementation_->warn_of_unused("q_dataloader");
  if (q_func) implementation_->warn_of_unused("q_func");
  if (!q_hooks.empty()) implementation_->warn_of_unused("q_hooks");
  replay(dicts, implementation_->ground(), implementation_->search);
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
  if (!implementation_->can_judge()) {
    throw Error(ErrorCode::invalid,
                "nothing says how good a candidate is: give an eval_func, an eval_dataloader and a "
                "conf with a metric, or a conf with metric and data");
  }
  while (const std::optional<TuneConfig> config = next_tune_cfg()) {
    std::optional<Outcome> outcome = implementation_->evaluate(*config);
    if (!outcome) {
      implementation_->search.stop_for_timeout();
      break;
    }
    record(*std::move(outcome));
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
  return library::dicts_of(implementation_->search, implementation_->ground());
}

std::vector<tuning::RankedOp> AutoMixedPrecisionTuneStrategy::ranking() const {
  return implementation_->search.ranking();
}

void AutoMixedPrecisionTuneStrategy::export_best(const std::filesystem::path& file) const {
  if (!implementation_->execution) {
    throw Error(ErrorCode::unsupported,
                "there is nothing to export: the strategy was given a tuning space, not a model");
  }
  const std::optional<Trial> chosen = best();
  if (!chosen) throw Error(ErrorCode::conflict, "there is nothing to export: no trial is done yet");
  const std::vector<std::byte> bytes =
      implementation_->execution->exported(chosen->proposal.config);
  base::write_file(file, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, 0644);
}

const std::vector<std::string>& AutoMixedPrecisionTuneStrategy::warnings() const {
  return implementation_->warnings;
}

}  // namespace ampd
