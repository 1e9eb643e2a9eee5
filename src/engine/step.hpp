// The compiled form of a program: values that lie in memory, and steps in order that make them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/layout.hpp"

namespace ampd::engine {

using ValueIndex = std::int32_t;

/// A value as it lies in memory. One value of the graph may be stored in several forms.
struct StoredValue {
  enum class Origin : std::uint8_t {
    input,     // the caller's bytes, number `input` of the graph
    constant,  // `constant`
    step,      // made by a step
    view,      // the bytes of `base`, from `offset_bytes` on
  };
  std::string name;  // of the graph's value
  Layout layout;
  Origin origin = Origin::step;
  std::size_t input = 0;
  ValueIndex base = -1;
  std::int64_t offset_bytes = 0;
  std::shared_ptr<const std::byte> constant{};
};

struct PrimitiveCall {
  dnnl::primitive primitive;
  std::vector<std::pair<int, ValueIndex>> arguments;  // without the scratchpad
  dnnl::memory::desc scratchpad;
};

/// Own code: reads and writes the bytes of the step's inputs and outputs.
struct LoopCall {
  std::function<void(std::span<std::byte* const> inputs, std::span<std::byte* const> outputs)> run;
};

struct Step {
  std::string op;              // the node, or the value that is cast or laid out anew
  std::string type;            // the ONNX operator, or "reorder"
  std::string implementation;  // oneDNN's name for it, or "plain", "loop"
  std::vector<ValueIndex> inputs;
  std::vector<ValueIndex> outputs;
  std::optional<std::size_t> overwrites;  // outputs[0] must start as a copy of this input
  bool may_replace = false;               // outputs[0] may take the place of inputs[0]
  tensor::DType source = tensor::DType::f32;
  tensor::DType weights = tensor::DType::f32;
  tensor::DType destination = tensor::DType::f32;
  std::int64_t flops = 0;
  std::variant<PrimitiveCall, LoopCall> call;
};

}  // namespace ampd::engine
