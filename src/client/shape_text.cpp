#include "client/shape_text.hpp"

namespace ampd::client {

std::string shape_text(const protocol::ValueReport& value) {
  if (value.shape.empty()) return "scalar";
  std::string text;
  for (std::size_t i = 0; i < value.shape.size(); ++i) {
    const bool is_named = i < value.symbols.size() && !value.symbols[i].empty();
    const std::string free = is_named ? value.symbols[i] : "?";
    text += (i == 0 ? "" : "x") + (value.shape[i] < 0 ? free : std::to_string(value.shape[i]));
  }
  return text;
}

}  // namespace ampd::client
