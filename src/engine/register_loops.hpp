// Loops of one arithmetic instruction on registers: the most that one core can do.
#pragma once

#include <optional>

namespace ampd::engine {

struct RegisterLoop {
  double operations = 0;  // of one run; a multiplication and an addition are two
  void (*run)() = nullptr;
};

/// The widest instruction that this processor has; nothing where none of those known here.
std::optional<RegisterLoop> fp32_loop();  // FMA
std::optional<RegisterLoop> bf16_loop();  // dot products of pairs into fp32
std::optional<RegisterLoop> int8_loop();  // dot products of four into int32

}  // namespace ampd::engine
