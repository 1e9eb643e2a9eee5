// Runs a graph node by node with the plain kernels alone, post-ops included: the reference that
// passes, exports and the engine are compared with.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/plain.hpp"
#include "graph/graph.hpp"
#include "graph/newest_form.hpp"
#include "graph/node_error.hpp"
#include "graph/shape_inference.hpp"

class Interpreter {
 public:
  using Tensor = ampd::tensor::Tensor;
  using Shape = ampd::tensor::Shape;

  /// The outputs in the graph's order. Every value becomes a constant of the copy as it is made,
  /// so shapes that depend on data need no special care.
  static std::vector<Tensor> run(ampd::graph::Graph graph,
                                 const std::map<std::string, Tensor>& inputs);

 private:
  explicit Interpreter(ampd::graph::Graph& graph) : graph_(graph) {}

  std::vector<Tensor> run_all(const std::map<std::string, Tensor>& inputs);

  void store(ampd::graph::ValueId id, const Tensor& tensor);

  std::vector<Tensor> evaluate(const ampd::graph::Node& node);

  Tensor apply(const ampd::graph::PostOp& post_op, const ampd::graph::Node& node,
               const Tensor& value);

  ampd::graph::ValueId operand(const ampd::graph::PostOp& post_op, const ampd::graph::Node& node,
                               std::size_t rank);

  ampd::graph::Graph& graph_;
};
