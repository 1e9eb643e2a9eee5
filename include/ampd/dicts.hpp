// The dicts: what a strategy has found out so far, to go on from in another process.
//
// They hold the outcome of every config that was evaluated and digests of what it was evaluated
// under. A strategy that is made with them folds the outcomes through a new search and goes on
// exactly as the undisturbed one would have.
#pragma once

#include <string>
#include <vector>

#include "ampd/outcome.hpp"

namespace ampd {

struct Dicts {
  /// An evaluated config.
  struct Trial {
    std::string config_digest;
    Outcome outcome;

    bool operator==(const Trial&) const = default;
  };

  int strategy_version = 0;   // 0: nothing is to be resumed
  std::string space_digest;   // of the tuning space, pins included
  std::string model_digest;   // SHA-256 of the model file; empty when there is none
  std::string fingerprint;    // of oneDNN, CPU and threads; empty when ampd executed nothing
  std::vector<Trial> trials;  // in the order of their evaluation

  bool operator==(const Dicts&) const = default;
};

/// Exact: dicts_from_json gives an equal value.
std::string to_json(const Dicts& dicts);

/// Throws Error(invalid) for text that to_json does not make; the sentence begins with `source`,
/// for example the file's path.
Dicts dicts_from_json(const std::string& text, const std::string& source = "the dicts");

}  // namespace ampd
