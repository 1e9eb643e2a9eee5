// What a pass leaves of a small model, and that the results stay.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "graph/passes.hpp"
#include "interpreter.hpp"
#include "net.hpp"

/// "Conv[sum Relu] Flatten Gemm"
inline std::string summary(const ampd::graph::Graph& graph) {
  std::string text;
  for (const ampd::graph::Node& node : graph.nodes) {
    text += (text.empty() ? "" : " ") + node.op_type;
    std::string posts;
    for (const ampd::graph::PostOp& post_op : node.post_ops) {
      constexpr std::array kinds{"", "sum", "add", "mul"};
      const auto kind = static_cast<std::size_t>(post_op.kind);
      posts += (posts.empty() ? "" : " ") + (kind == 0 ? post_op.op_type : kinds[kind]);
    }
    if (!posts.empty()) text += "[" + posts + "]";
  }
  return text;
}

/// The compiled graph has the expected nodes and gives the results of the model as written.
inline ampd::graph::Graph check(const Net& net, const std::string& expected,
                                const std::set<std::string, std::less<>>& skipped = {}) {
  const ampd::graph::Graph model = net.import();
  ampd::graph::Graph compiled =
      ampd::graph::specialise(model, {}, ampd::engine::evaluate_plain, {skipped, {}});
  CHECK(summary(compiled) == expected);
  std::map<std::string, ampd::tensor::Tensor> inputs;
  int seed = 100;
  for (const ampd::graph::ValueId id : compiled.inputs) {
    const ampd::graph::Value& value = compiled.value(id);
    inputs.emplace(value.name, Net::noise_tensor(*value.shape, -1, ++seed));
  }
  const std::vector<ampd::tensor::Tensor> before = Interpreter::run(model, inputs);
  const std::vector<ampd::tensor::Tensor> after = Interpreter::run(compiled, inputs);
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    REQUIRE(before[i].shape() == after[i].shape());
    const auto a = before[i].values<float>();
    const auto b = after[i].values<float>();
    for (std::size_t k = 0; k < a.size(); ++k) {
      const float tolerance = 1e-5F + 1e-4F * std::abs(a[k]);
      if (!(std::abs(a[k] - b[k]) <= tolerance)) FAIL_CHECK("element " << k << " differs");
    }
  }
  return compiled;
}
