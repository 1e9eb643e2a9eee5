#include <algorithm>
#include <array>
#include <limits>

#include "engine/lower/families.hpp"

namespace ampd::engine {
namespace {

using dnnl::algorithm;
using graph::Attributes;
using onednn::Eltwise;
using tensor::DType;

struct Entry {
  std::string_view op_type;
  Eltwise (*describe)(const Attributes& attributes);
};

// Log is not here: oneDNN's has an error of 1e-6 about 1. Nor are functions whose kernels drop a
// NaN where the plain ones keep it, but for Relu and Clip, which are worth it.
constexpr std::array entries{
    Entry{"Abs",
          [](const Attributes&) {
            return Eltwise{algorithm::eltwise_abs, 0, 0};
          }},
    Entry{"Clip",
          [](const Attributes& a) {
            return Eltwise{algorithm::eltwise_clip,
                           a.real("min", std::numeric_limits<float>::lowest()),
                           a.real("max", std::numeric_limits<float>::max())};
          }},
    Entry{"Elu",
          [](const Attributes& a) {
            return Eltwise{algorithm::eltwise_elu, a.real("alpha", 1), 0};
          }},
    Entry{"Gelu",
          [](const Attributes& a) {
            const bool is_tanh = a.text("approximate", "none") == "tanh";
            return Eltwise{is_tanh ? algorithm::eltwise_gelu_tanh : algorithm::eltwise_gelu_erf, 0,
                           0};
          }},
    Entry{"HardSwish",
          [](const Attributes&) {
            return Eltwise{algorithm::eltwise_hardswish, 1.F / 6, 0.5F};
          }},
    Entry{"LeakyRelu",
          [](const Attributes& a) {
            return Eltwise{algorithm::eltwise_relu, a.real("alpha", 0.01F), 0};
          }},
    Entry{"Mish",
          [](const Attributes&) {
            return Eltwise{algorithm::eltwise_mish, 0, 0};
          }},
    Entry{"Neg",
          [](const Attributes&) {
            return Eltwise{algorithm::eltwise_linear, -1, 0};
          }},
    Entry{"Relu",
          [](const Attributes&) {
            return Eltwise{algorithm::eltwise_relu, 0, 0};
          }},
    Entry{"Sigmoid",
          [](const Attributes&) {
            return Eltwise{algorithm::eltwise_logistic, 0, 0};
          }},
    Entry{"Softplus",
          [](const Attributes&) {
            return Eltwise{algorithm::eltwise_soft_relu, 1, 0};
          }},
    Entry{"Sqrt",
          [](const Attributes&) {
            return Eltwise{algorithm::eltwise_sqrt, 0, 0};
          }},
    Entry{"Swish",
          [](const Attributes& a) {
            return Eltwise{algorithm::eltwise_swish, a.real("alpha", 1), 0};
          }},
    Entry{"Tanh",
          [](const Attributes&) {
            return Eltwise{algorithm::eltwise_tanh, 0, 0};
          }},
};

/// Clip's bounds stand elsewhere than in plain attributes.
std::optional<Eltwise> eltwise_of(const Graph& graph, const Node& node) {
  if (node.op_type != "Clip") return activation(node.op_type, node.attributes);
  Attributes bounds = node.attributes;
  constexpr std::array names{"min", "max"};
  for (std::size_t slot = 1; slot < 3; ++slot) {
    if (!Lowering::has_input(node, slot)) continue;
    const auto& constant = graph.value(node.inputs[slot]).constant;
    if (!constant || constant->size() != 1) return std::nullopt;
    bounds.set(names.at(slot - 1), constant->values<float>()[0]);
  }
  return activation("Clip", bounds);
}

}  // namespace

std::optional<Eltwise> activation(std::string_view op_type, const Attributes& attributes) {
  const auto* entry = std::find_if(entries.begin(), entries.end(),
                                   [&](const Entry& e) { return e.op_type == op_type; });
  if (entry == entries.end()) return std::nullopt;
  return entry->describe(attributes);
}

bool takes_activation(const Graph& graph, const Node& node) {
  return is_float32(graph, node) && eltwise_of(graph, node).has_value();
}

bool lower_activation(Lowering& lowering, const Node& node) {
  const ValueIndex x = lowering.as_dtype(lowering.input(node, 0), lowering.source_dtype());
  const auto result = add_eltwise(lowering, *eltwise_of(lowering.graph(), node), x, "");
  if (!result) return false;
  lowering.define(node, 0, *result);
  return true;
}

std::optional<ValueIndex> add_eltwise(Lowering& lowering, const Eltwise& operation,
                                      ValueIndex value, const std::string& type) {
  value = lowering.as_dense(value);
  const Layout layout = lowering.layout(value);
  const auto offer = onednn::eltwise(operation, layout.descriptor());
  if (!offer) return std::nullopt;
  return lowering.add(*offer, layout,
                      {.type = type,
                       .arguments = {{DNNL_ARG_SRC, value}},
                       .may_replace = true,
                       .source = layout.dtype(),
                       .weights = layout.dtype()});
}

}  // namespace ampd::engine
