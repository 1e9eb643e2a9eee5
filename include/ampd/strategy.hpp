// The strategies of libampd: tuning from inside a program, without a daemon.
//
// A strategy proposes configs and is told what became of them. It can be driven by hand, with
// next_tune_cfg() and record(), or by traverse(), which evaluates every config itself. It is a thin
// face of the search that the daemon uses: the same outcomes lead to the same trials. One thread at
// a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ampd/candidate.hpp"
#include "ampd/conf.hpp"
#include "ampd/dataloader.hpp"
#include "ampd/dicts.hpp"
#include "ampd/error.hpp"
#include "ampd/model.hpp"
#include "ampd/outcome.hpp"
#include "ampd/trial.hpp"
#include "ampd/tune_config.hpp"
#include "ampd/tuning_space.hpp"

namespace ampd {

/// What every strategy offers.
class TuneStrategy {
 public:
  virtual ~TuneStrategy() = default;

  /// The config to be evaluated next, the same until `record` is called; nothing when the tuning
  /// has ended. A config that was evaluated before is never proposed again.
  virtual std::optional<TuneConfig> next_tune_cfg() const = 0;

  /// What became of next_tune_cfg(). An accuracy that is not a number makes the trial `invalid`.
  /// Throws Error(conflict) when the tuning has ended, Error(invalid) for negative seconds.
  virtual void record(Outcome outcome) = 0;

  /// Evaluates what next_tune_cfg() proposes until the tuning has ended; returns whether a config
  /// meets the goal. A trial that throws is recorded as failed, with the reason. What the baseline
  /// throws, and what `after_each_trial` throws, comes through: traverse() can be called again.
  virtual bool traverse() = 0;

  /// Called by traverse() after each trial, for example to save the dicts.
  virtual void after_each_trial(std::function<void()> callback) = 0;

  virtual const TuningSpace& space() const = 0;
  virtual const std::vector<tuning::Trial>& trials() const = 0;

  /// The best trial so far; none before a trial with a low-precision operator is done. If none
  /// meets the goal, the most accurate of these.
  virtual std::optional<tuning::Trial> best() const = 0;

  /// Whether a trial meets the goal; none before the baseline is done.
  virtual std::optional<bool> goal_met() const = 0;

  /// Why the tuning has ended; nothing while it has not.
  virtual std::optional<tuning::StopReason> stop_reason() const = 0;

  virtual Dicts dicts() const = 0;
};

/// From the model-wise config back to fp32, operator by operator, the most harmful first. Source:
/// the class of this name in Intel Neural Compressor 1.14.
class AutoMixedPrecisionTuneStrategy final : public TuneStrategy {
 public:
  using CalibrationFunc = std::function<void(const Candidate& candidate)>;
  using Hooks = std::map<std::string, std::function<void()>>;

  /// What judges the candidates of traverse() is `eval_func`; else the conf's metric on the batches
  /// of `eval_dataloader`, or on the conf's own data. Without `dicts` the tuning begins; with them
  /// it goes on. The q_ parameters are for precisions that need a calibration; there is none yet,
  /// and `warnings` names those that were given. ampd executes a model in this process, with the
  /// conf's threads: what kills the engine kills the program, from which only the daemon protects.
  /// Throws Error: what reading model and data gives; invalid or unsupported for a space that
  /// cannot be tuned, and for an `eval_dataloader` without model or metric; divergence for dicts of
  /// another tuning.
  explicit AutoMixedPrecisionTuneStrategy(Model model, Conf conf = {}, Dataloader q_dataloader = {},
                                          CalibrationFunc q_func = {},
                                          Dataloader eval_dataloader = {}, EvalFunc eval_func = {},
                                          Dicts dicts = {}, Hooks q_hooks = {});
  ~AutoMixedPrecisionTuneStrategy() override;
  AutoMixedPrecisionTuneStrategy(AutoMixedPrecisionTuneStrategy&&) noexcept;
  AutoMixedPrecisionTuneStrategy& operator=(AutoMixedPrecisionTuneStrategy&&) noexcept;

  std::optional<TuneConfig> next_tune_cfg() const override;
  void record(Outcome outcome) override;
  bool traverse() override;
  void after_each_trial(std::function<void()> callback) override;
  const TuningSpace& space() const override;
  const std::vector<tuning::Trial>& trials() const override;
  std::optional<tuning::Trial> best() const override;
  std::optional<bool> goal_met() const override;
  std::optional<tuning::StopReason> stop_reason() const override;
  Dicts dicts() const override;

  /// Operators in the order in which they hurt; those whose fallback was tried so far.
  std::vector<tuning::RankedOp> ranking() const;

  /// Writes the ONNX model with the best config applied, after proving on all batches that it gives
  /// the config's outputs bit for bit. Throws Error: unsupported for a strategy without a model,
  /// conflict before there is a best config, divergence, and what writing gives.
  void export_best(const std::filesystem::path& file) const;

  const std::vector<std::string>& warnings() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace ampd
