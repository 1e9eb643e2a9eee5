#include "engine/strided_copy.hpp"

#include "base/check.hpp"
#include "engine/strided_walk.hpp"

namespace ampd::engine {
namespace {

template <class Element>
void copy(const Layout& from, const std::byte* from_bytes, const Layout& to, std::byte* to_bytes) {
  const auto* source = reinterpret_cast<const Element*>(from_bytes);
  auto* destination = reinterpret_cast<Element*>(to_bytes);
  walk_rows<2>(to.shape(), {from.strides(), to.strides()},
               [&](const auto& offsets, std::int64_t length, const auto& steps) {
                 for (std::int64_t i = 0; i < length; ++i) {
                   destination[offsets[1] + i * steps[1]] = source[offsets[0] + i * steps[0]];
                 }
               });
}

}  // namespace

void strided_copy(const Layout& from, const std::byte* from_bytes, const Layout& to,
                  std::byte* to_bytes) {
  AMPD_CHECK(from.dtype() == to.dtype() && from.shape() == to.shape());
  switch (tensor::size_bytes(from.dtype())) {
    case 1:
      return copy<std::uint8_t>(from, from_bytes, to, to_bytes);
    case 2:
      return copy<std::uint16_t>(from, from_bytes, to, to_bytes);
    case 4:
      return copy<std::uint32_t>(from, from_bytes, to, to_bytes);
    default:
      return copy<std::uint64_t>(from, from_bytes, to, to_bytes);
  }
}

}  // namespace ampd::engine
