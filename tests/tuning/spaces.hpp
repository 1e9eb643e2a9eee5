// A vocabulary of tuning spaces, configs and outcomes: one letter per operator.
//
// In a space: 'b' can be tuned, 'f' is offered in fp32 only, 'F' is pinned to fp32, 'L' is pinned
// to the low precision. In a config: 'b' is bf16, 'f' is fp32.
#pragma once

#include <string>
#include <string_view>

#include "ampd/outcome.hpp"
#include "ampd/tune_config.hpp"
#include "ampd/tuning_space.hpp"

namespace ampd::tuning {

inline TuningSpace space_of(std::string_view letters) {
  TuningSpace space;
  for (const char letter : letters) {
    TunableOp op{"op" + std::to_string(space.ops.size()), "Conv", {Precision::fp32}, {}, 0};
    if (letter != 'f') op.precisions.push_back(Precision::bf16);
    if (letter == 'F') op.pinned = Precision::fp32;
    if (letter == 'L') op.pinned = Precision::bf16;
    space.ops.push_back(op);
  }
  return space;
}

inline TuneConfig config_of(std::string_view letters) {
  TuneConfig config;
  for (const char letter : letters) {
    config.precisions.push_back(letter == 'b' ? Precision::bf16 : Precision::fp32);
  }
  return config;
}

inline std::string letters_of(const TuneConfig& config) {
  std::string letters;
  for (const Precision precision : config.precisions) {
    letters += precision == Precision::bf16 ? 'b' : 'f';
  }
  return letters;
}

inline Outcome done(double accuracy) {
  Outcome outcome;
  outcome.state = TrialState::done;
  outcome.accuracy = accuracy;
  outcome.seconds = 1;
  return outcome;
}

inline Outcome failed() {
  Outcome outcome;
  outcome.reason = "killed by signal 11";
  outcome.seconds = 1;
  return outcome;
}

}  // namespace ampd::tuning
