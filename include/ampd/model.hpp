// What is tuned.
#pragma once

#include <filesystem>
#include <variant>

#include "ampd/tuning_space.hpp"

namespace ampd {

/// The path of an ONNX file, which ampd executes, or the tuning space of a model that the program
/// executes itself.
using Model = std::variant<std::filesystem::path, TuningSpace>;

}  // namespace ampd
