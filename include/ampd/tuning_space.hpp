// What can be tuned: the operators of one model and the precisions that each may take.
//
// A space belongs to a (model, CPU, oneDNN) triple; it is found once by inspecting the model and is
// stored with the job, so that a resumed job searches the same space.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ampd/precision.hpp"

namespace ampd {

struct TunableOp {
  std::string name;                   // the ONNX node's name, made unique
  std::string type;                   // the ONNX operator, for example "Conv"
  std::vector<Precision> precisions;  // what the machine offers, fp32 first
  std::optional<Precision> pinned;    // fixed by the user: not searched, keeps this precision
  std::int64_t weight_count = 0;      // numbers in its weights, for the model's size

  bool operator==(const TunableOp&) const = default;
};

/// In the file's node order: the first op is nearest to the input (the "top").
struct TuningSpace {
  std::vector<TunableOp> ops;
  Precision target = Precision::bf16;   // the low precision that is tried
  std::int64_t other_weight_count = 0;  // numbers in weights of operators that are not tunable

  /// Whether op `index` is searched: not pinned, and the target is offered for it.
  bool is_free(std::size_t index) const;

  bool operator==(const TuningSpace&) const = default;
};

/// SHA-256, in hex, over all that the space says.
std::string digest(const TuningSpace& space);

}  // namespace ampd
