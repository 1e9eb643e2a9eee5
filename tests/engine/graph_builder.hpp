// A vocabulary for tests of the engine: small graphs by hand, seeded data, a reference that
// evaluates node by node with plain kernels in f32.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "engine/plain.hpp"
#include "engine/program.hpp"
#include "graph/graph.hpp"
#include "graph/newest_form.hpp"
#include "graph/shape_inference.hpp"

namespace ampd::engine::testing {

using graph::Graph;
using graph::Node;
using graph::PostOp;
using graph::ValueId;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;
using Tensors = std::map<std::string, Tensor>;
using Attributes = std::vector<std::pair<std::string, graph::Attribute>>;
using Integers = std::vector<std::int64_t>;

Tensor random_tensor(const Shape& shape, unsigned seed, float scale = 1);

class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name = "test") { graph_.name = std::move(name); }

  ValueId input(const std::string& name, const Shape& shape, DType dtype = DType::f32);

  ValueId constant(const Tensor& tensor);
  ValueId weights(const Shape& shape);
  ValueId integers(const Integers& list);

  ValueId node(const std::string& op_type, const std::vector<ValueId>& inputs,
               const Attributes& attributes = {});
  std::vector<ValueId> nodes(const std::string& op_type, const std::vector<ValueId>& inputs,
                             const Attributes& attributes, std::size_t outputs);

  /// Attaches work to the last node.
  void post_op(PostOp::Kind kind, ValueId operand);
  void post_op(const std::string& activation, const Attributes& attributes = {});

  const std::optional<Shape>& shape_of(ValueId id) const { return graph_.value(id).shape; }

  void output(ValueId id) { graph_.outputs.push_back(id); }

  Graph finish();
  Graph finish(ValueId result);

 private:
  Graph graph_;
};

/// Seeded data for every input.
Tensors random_inputs(const Graph& graph, unsigned seed = 1);

Tensor plain(const std::string& op_type, const std::vector<Tensor>& inputs,
             const graph::Attributes& attributes = {});

/// A node's post-ops, one by one.
Tensor with_post_ops(const Node& node, const std::vector<Tensor>& values, Tensor result);

/// The graph's outputs by plain kernels alone.
std::vector<Tensor> reference(const Graph& graph, const Tensors& inputs);

/// The largest |a - b| / (atol + rtol * |b|); at most 1 when all is within the bounds.
double worst_ratio(const Tensor& a, const Tensor& b, double rtol, double atol);

/// Root of the mean squared error over the root of the mean square of `b`.
double relative_error(const Tensor& a, const Tensor& b);

std::vector<Tensor> run(const Graph& graph, const Tensors& inputs,
                        const Assignment& assignment = {});

/// Every tunable operator in the precision.
Assignment all_in(const Graph& graph, Precision precision);

/// fp32 agrees with the reference but for the order of additions.
void check_fp32(const Graph& graph, const Tensors& inputs);
void check_fp32(const Graph& graph);

/// Lanes that run at the same time give the bits that each gives alone.
void check_lanes(const Graph& graph, const Assignment& assignment = {});

/// bf16 keeps 8 bits: rounding inputs, weights and result of one operator costs less than 2^-7.
void check_bf16(const Graph& graph, double bound = 1.0 / 128);

std::vector<StepReport> steps_of(const Graph& graph, const Assignment& assignment = {});

std::size_t count_steps(const std::vector<StepReport>& steps, const std::string& type);

bool is_reference(const StepReport& step);

/// By its types, and by its name where the processor multiplies bfloat16 itself.
bool is_bf16_kernel(const StepReport& step);

}  // namespace ampd::engine::testing
