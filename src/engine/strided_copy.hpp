// Copies a tensor into another layout, for the element types that oneDNN does not move.
#pragma once

#include <cstddef>

#include "engine/layout.hpp"

namespace ampd::engine {

/// Both plain, of one shape and dtype.
void strided_copy(const Layout& from, const std::byte* from_bytes, const Layout& to,
                  std::byte* to_bytes);

}  // namespace ampd::engine
