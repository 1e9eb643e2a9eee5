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

/// Unnamed operators are fp32. Throws Error(invalid) for text that is not such a file, an operator
/// that is unknown or named twice, or a precision that is unknown or not offered for its operator;
/// the sentence begins with `source`, for example the file's path.
TuneConfig config_from_json(const TuningSpace& space, const std::string& text,
                            const std::string& source = "the config");

}  // namespace ampd
