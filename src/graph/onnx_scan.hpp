// Counts what a serialised model holds before it is parsed: a file of empty parts takes two bytes
// for each, and many times that once they are objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ampd::graph {

/// The nodes, attributes, tensors, names and other parts of the model, its subgraphs included;
/// counting stops beyond `parts_max`. Damaged bytes count up to the damage.
std::int64_t count_parts(std::span<const std::byte> bytes, std::int64_t parts_max);

}  // namespace ampd::graph
