#include "graph/rounded_inputs.hpp"

#include <array>

namespace ampd::graph {
namespace {

constexpr std::array<std::size_t, 2> data_and_weights{0, 1};
constexpr std::array<std::size_t, 3> data_and_two_weights{0, 1, 2};

}  // namespace

std::span<const std::size_t> rounded_inputs(std::string_view op_type) {
  for (const char* each : {"Conv", "ConvTranspose", "Gemm", "MatMul"}) {
    if (op_type == each) return data_and_weights;
  }
  for (const char* each : {"GRU", "LSTM", "RNN"}) {
    if (op_type == each) return data_and_two_weights;
  }
  return {};
}

}  // namespace ampd::graph
