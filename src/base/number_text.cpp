#include "base/number_text.hpp"

#include <array>
#include <charconv>

namespace ampd::base {

std::string number_text(double number) {
  constexpr int significant_digits = 7;
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number,
                                 std::chars_format::general, significant_digits);
  return {text.data(), end.ptr};
}

}  // namespace ampd::base
