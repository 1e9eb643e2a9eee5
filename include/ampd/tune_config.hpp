// A tune config: the precision of every operator of a tuning space.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ampd/precision.hpp"
#include "ampd/tuning_space.hpp"

namespace ampd {

/// `precisions[i]` belongs to `space.ops[i]`.
struct TuneConfig {
  std::vector<Precision> precisions;

  /// Operators below fp32.
  std::size_t low_ops() const;
  std::size_t fp32_ops() const { return precisions.size() - low_ops(); }

  bool operator==(const TuneConfig&) const = default;
};

/// Every operator in fp32.
TuneConfig fp32_config(const TuningSpace& space);

/// SHA-256, in hex, over the names and precisions in the space's order: equal configs of equal
/// spaces have equal digests.
std::string digest(const TuningSpace& space, const TuneConfig& config);

/// The config file's text: {"ops": {"<op>": "bf16"}}, fp32 operators included.
std::string to_json(const TuningSpace& space, const TuneConfig& config);

/// Unnamed operators are fp32. Throws Error(invalid) for an unknown operator or precision, or a
/// precision that the operator is not offered in, naming it.
TuneConfig config_from_json(const TuningSpace& space, const std::string& text);

}  // namespace ampd
