// What the benchmark programs take on their command lines.
#pragma once

#include <charconv>
#include <cstring>
#include <span>
#include <string>

#include "evaluation/stage.hpp"

namespace ampd::benchmark {

inline int number(const char* text) {
  int value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

/// From "NAME=2x3x4" each.
inline evaluation::Shapes shapes_of(std::span<char* const> texts) {
  evaluation::Shapes shapes;
  for (const std::string text : texts) {
    const std::size_t equal = text.find('=');
    tensor::Shape& shape = shapes[text.substr(0, equal)];
    for (std::size_t at = equal; at < text.size(); at = text.find('x', at + 1)) {
      shape.push_back(number(text.c_str() + at + 1));
    }
  }
  return shapes;
}

}  // namespace ampd::benchmark
