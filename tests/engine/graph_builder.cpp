#include "graph_builder.hpp"

#include <random>
#include <thread>

#include "engine/plain.hpp"
#include "graph/newest_form.hpp"
#include "graph/shape_inference.hpp"

namespace ampd::engine::testing {

ValueId GraphBuilder::input(const std::string& name, const Shape& shape, DType dtype) {
  graph::Value value;
  value.name = name;
  value.dtype = dtype;
  value.shape = shape;
  graph_.inputs.push_back(graph_.add_value(value));
  return graph_.inputs.back();
}

ValueId GraphBuilder::constant(const Tensor& tensor) {
  return graph_.add_constant("c" + std::to_string(graph_.values.size()), tensor);
}

ValueId GraphBuilder::weights(const Shape& shape) {
  const std::int64_t outputs = shape.empty() ? 1 : std::max<std::int64_t>(shape[0], 1);
  const double inputs =
      static_cast<double>(tensor::element_count(shape)) / static_cast<double>(outputs);
  return constant(random_tensor(shape, static_cast<unsigned>(graph_.values.size()) + 100,
                                static_cast<float>(1 / std::sqrt(inputs))));
}

ValueId GraphBuilder::integers(const Integers& list) {
  return constant(Tensor::of<std::int64_t>({std::ssize(list)}, list));
}

ValueId GraphBuilder::node(const std::string& op_type, const std::vector<ValueId>& inputs,
                           const Attributes& attributes) {
  return nodes(op_type, inputs, attributes, 1)[0];
}

std::vector<ValueId> GraphBuilder::nodes(const std::string& op_type,
                                         const std::vector<ValueId>& inputs,
                                         const Attributes& attributes, std::size_t outputs) {
  Node node;
  node.name = op_type + "_" + std::to_string(graph_.nodes.size());
  node.op_type = op_type;
  node.opset = graph::fused_opset;
  node.inputs = inputs;
  for (const auto& [name, value] : attributes) node.attributes.set(name, value);
  for (std::size_t k = 0; k < outputs; ++k) {
    graph::Value value;
    value.name = node.name + ":" + std::to_string(k);
    node.outputs.push_back(graph_.add_value(value));
  }
  graph_.nodes.push_back(node);
  graph::infer_shapes(graph_);
  return graph_.nodes.back().outputs;
}

void GraphBuilder::post_op(PostOp::Kind kind, ValueId operand) {
  graph_.nodes.back().post_ops.push_back({kind, "", {}, operand});
}

void GraphBuilder::post_op(const std::string& activation, const Attributes& attributes) {
  PostOp post_op{PostOp::Kind::eltwise, activation, {}, graph::no_value};
  for (const auto& [name, value] : attributes) post_op.attributes.set(name, value);
  graph_.nodes.back().post_ops.push_back(post_op);
}

Graph GraphBuilder::finish() {
  graph::verify(graph_, "the test");
  return graph_;
}

Graph GraphBuilder::finish(ValueId result) {
  output(result);
  return finish();
}

Tensor random_tensor(const Shape& shape, unsigned seed, float scale) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0, scale);
  Tensor result(DType::f32, shape);
  for (float& value : result.mutable_values<float>()) value = normal(engine);
  return result;
}

Tensors random_inputs(const Graph& graph, unsigned seed) {
  Tensors result;
  for (const ValueId id : graph.inputs) {
    const graph::Value& value = graph.value(id);
    Tensor data = random_tensor(*value.shape, seed++);
    result.emplace(value.name,
                   value.dtype == DType::f32 ? data : Tensor(value.dtype, *value.shape));
  }
  return result;
}

Tensor plain(const std::string& op_type, const std::vector<Tensor>& inputs,
             const graph::Attributes& attributes) {
  Graph graph;
  Node node;
  node.name = node.op_type = op_type;
  node.opset = graph::fused_opset;
  node.attributes = attributes;
  std::vector<const Tensor*> pointers;
  for (const Tensor& input : inputs) {
    graph::Value value;
    value.name = "i" + std::to_string(graph.values.size());
    value.dtype = input.dtype();
    value.shape = input.shape();
    node.inputs.push_back(graph.add_value(value));
    pointers.push_back(&input);
  }
  graph::Value result;
  result.name = "result";
  node.outputs = {graph.add_value(result)};
  graph.nodes.push_back(node);
  graph::infer_shapes(graph);
  return evaluate_plain(graph, graph.nodes[0], pointers).value().at(0);
}

Tensor with_post_ops(const Node& node, const std::vector<Tensor>& values, Tensor result) {
  for (const PostOp& post_op : node.post_ops) {
    if (post_op.kind == PostOp::Kind::eltwise) {
      std::vector<Tensor> inputs{result};
      graph::Attributes attributes = post_op.attributes;
      if (post_op.op_type == "Clip") {
        inputs.push_back(Tensor::of<float>({}, {attributes.real("min", -1e30F)}));
        inputs.push_back(Tensor::of<float>({}, {attributes.real("max", 1e30F)}));
        attributes = {};
      }
      result = plain(post_op.op_type, inputs, attributes);
      continue;
    }
    Tensor operand = values[static_cast<std::size_t>(post_op.operand)];
    if (post_op.kind != PostOp::Kind::sum) {
      Shape shape(result.shape().size(), 1);
      shape[node.op_type == "MatMul" ? shape.size() - 1 : 1] = operand.size();
      operand = operand.reshaped(shape);
    }
    result = plain(post_op.kind == PostOp::Kind::mul ? "Mul" : "Add", {result, operand});
  }
  return result;
}

std::vector<Tensor> reference(const Graph& graph, const Tensors& inputs) {
  std::vector<Tensor> values(graph.values.size());
  for (std::size_t id = 0; id < values.size(); ++id) {
    if (graph.values[id].constant) values[id] = *graph.values[id].constant;
  }
  for (const ValueId id : graph.inputs) {
    values[static_cast<std::size_t>(id)] = inputs.at(graph.value(id).name);
  }
  for (const Node& node : graph.nodes) {
    std::vector<const Tensor*> arguments;
    for (const ValueId id : node.inputs) {
      arguments.push_back(id == graph::no_value ? nullptr : &values[static_cast<std::size_t>(id)]);
    }
    auto results = evaluate_plain(graph, node, arguments);
    REQUIRE_MESSAGE(results.has_value(), node.name << " has no plain kernel");
    results->at(0) = with_post_ops(node, values, results->at(0));
    for (std::size_t k = 0; k < node.outputs.size(); ++k) {
      if (node.outputs[k] != graph::no_value) {
        values[static_cast<std::size_t>(node.outputs[k])] = results->at(k);
      }
    }
  }
  std::vector<Tensor> outputs;
  for (const ValueId id : graph.outputs) outputs.push_back(values[static_cast<std::size_t>(id)]);
  return outputs;
}

double worst_ratio(const Tensor& a, const Tensor& b, double rtol, double atol) {
  REQUIRE(a.dtype() == b.dtype());
  REQUIRE(tensor::to_string(a.shape()) == tensor::to_string(b.shape()));
  if (a.dtype() != DType::f32) return std::ranges::equal(a.bytes(), b.bytes()) ? 0 : 1e30;
  double worst = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double x = a.values<float>()[static_cast<std::size_t>(i)];
    const double y = b.values<float>()[static_cast<std::size_t>(i)];
    if (std::isnan(x) && std::isnan(y)) continue;
    if (x == y) continue;
    const double ratio = std::abs(x - y) / (atol + rtol * std::abs(y));
    worst = std::isnan(ratio) ? 1e30 : std::max(worst, ratio);
  }
  return worst;
}

double relative_error(const Tensor& a, const Tensor& b) {
  REQUIRE(a.size() == b.size());
  double error = 0;
  double square = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(a.size()); ++i) {
    const double difference = a.values<float>()[i] - b.values<float>()[i];
    error += difference * difference;
    square += static_cast<double>(b.values<float>()[i]) * b.values<float>()[i];
  }
  return std::sqrt(error / std::max(square, 1e-30));
}

std::vector<Tensor> run(const Graph& graph, const Tensors& inputs, const Assignment& assignment) {
  return Program(graph, assignment, make_weight_cache()).run(inputs);
}

Assignment all_in(const Graph& graph, Precision precision) {
  Assignment assignment;
  for (const Node& node : graph.nodes) {
    const std::vector<Precision> offered = offered_precisions(graph, node);
    if (std::ranges::find(offered, precision) != offered.end()) assignment[node.name] = precision;
  }
  return assignment;
}

void check_fp32(const Graph& graph, const Tensors& inputs) {
  const std::vector<Tensor> expected = reference(graph, inputs);
  const std::vector<Tensor> found = run(graph, inputs);
  REQUIRE(found.size() == expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    CAPTURE(k);
    CHECK(worst_ratio(found[k], expected[k], 1e-4, 2e-5) <= 1);
  }
}

void check_fp32(const Graph& graph) {
  check_fp32(graph, random_inputs(graph));
}

void check_lanes(const Graph& graph, const Assignment& assignment) {
  const ThreadScope scope(1);
  Program program(graph, assignment, make_weight_cache());
  const std::array<Tensors, 2> inputs{random_inputs(graph, 1), random_inputs(graph, 2)};
  const std::array<std::vector<Tensor>, 2> expected{program.run(inputs[0]), program.run(inputs[1])};
  constexpr int rounds = 50;
  std::array<int, 2> equal{};
  const auto work = [&](std::size_t lane) {
    for (int round = 0; round < rounds; ++round) {
      const Tensor found = program.run(inputs[lane], lane)[0];
      equal[lane] += std::ranges::equal(found.bytes(), expected[lane][0].bytes()) ? 1 : 0;
    }
  };
  std::thread other(work, std::size_t{1});
  work(0);
  other.join();
  CHECK(equal == std::array{rounds, rounds});
}

void check_bf16(const Graph& graph, double bound) {
  if (!missing_feature(Precision::bf16).empty()) return;
  const Tensors inputs = random_inputs(graph);
  const Assignment assignment = all_in(graph, Precision::bf16);
  REQUIRE_FALSE(assignment.empty());
  const std::vector<Tensor> expected = reference(graph, inputs);
  const std::vector<Tensor> found = run(graph, inputs, assignment);
  for (std::size_t k = 0; k < found.size(); ++k) {
    const double error = relative_error(found[k], expected[k]);
    CHECK(error <= bound);
    CHECK(error > 0);
  }
}

std::vector<StepReport> steps_of(const Graph& graph, const Assignment& assignment) {
  return Program(graph, assignment, make_weight_cache()).steps();
}

std::size_t count_steps(const std::vector<StepReport>& steps, const std::string& type) {
  return static_cast<std::size_t>(std::ranges::count(steps, type, &StepReport::type));
}

bool is_reference(const StepReport& step) {
  return step.implementation.find("ref") != std::string::npos;
}

bool is_bf16_kernel(const StepReport& step) {
  const auto is_named = [&](const char* part) {
    return step.implementation.find(part) != std::string::npos;
  };
  return step.source_dtype == DType::bf16 && step.weights_dtype == DType::bf16 &&
         (is_named("bf16") || is_named("gemm:jit") || is_emulated(Precision::bf16));
}

}  // namespace ampd::engine::testing
