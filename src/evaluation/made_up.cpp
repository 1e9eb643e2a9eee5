#include "evaluation/made_up.hpp"

namespace ampd::evaluation {
namespace {

/// SplitMix64: the same numbers everywhere, unlike the distributions of the standard library.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed) {}

  /// From -1 to 1, a multiple of 2^-23.
  float next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    bits ^= bits >> 31;
    return static_cast<float>(static_cast<std::int64_t>(bits >> 40) - (1 << 23)) * 0x1p-23F;
  }

 private:
  std::uint64_t state_;
};

}  // namespace

Tensors made_up_inputs(const graph::Graph& graph, std::uint64_t seed) {
  Tensors inputs;
  Numbers numbers(seed);
  for (const graph::ValueId id : graph.inputs) {
    const graph::Value& value = graph.value(id);
    tensor::Tensor made(value.dtype, *value.shape);
    if (tensor::is_floating(value.dtype)) {
      tensor::Tensor reals(tensor::DType::f32, *value.shape);
      for (float& real : reals.mutable_values<float>()) real = numbers.next();
      made = tensor::convert(reals, value.dtype);
    }
    inputs.emplace(value.name, std::move(made));
  }
  return inputs;
}

}  // namespace ampd::evaluation
