#include "interpreter.hpp"

#include "engine/plain.hpp"
#include "graph/newest_form.hpp"
#include "graph/node_error.hpp"
#include "graph/shape_inference.hpp"

using ampd::tensor::Tensor;

std::vector<Tensor> Interpreter::run(ampd::graph::Graph graph,
                                     const std::map<std::string, Tensor>& inputs) {
  return Interpreter(graph).run_all(inputs);
}

std::vector<Tensor> Interpreter::run_all(const std::map<std::string, Tensor>& inputs) {
  for (const ampd::graph::ValueId id : graph_.inputs) {
    store(id, inputs.at(graph_.value(id).name));
  }
  ampd::graph::infer_shapes(graph_);
  for (const ampd::graph::Node& node : graph_.nodes) {
    std::vector<Tensor> results = evaluate(node);
    for (const ampd::graph::PostOp& post_op : node.post_ops) {
      results[0] = apply(post_op, node, results[0]);
    }
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] != ampd::graph::no_value) store(node.outputs[i], results[i]);
    }
  }
  std::vector<Tensor> outputs;
  for (const ampd::graph::ValueId id : graph_.outputs) {
    outputs.push_back(*graph_.value(id).constant);
  }
  return outputs;
}

void Interpreter::store(ampd::graph::ValueId id, const Tensor& tensor) {
  ampd::graph::Value& value = graph_.value(id);
  value.dtype = tensor.dtype();
  value.shape = tensor.shape();
  value.constant = tensor;
}

std::vector<Tensor> Interpreter::evaluate(const ampd::graph::Node& node) {
  ampd::graph::infer_node(graph_, node);
  std::vector<const Tensor*> arguments;
  for (const ampd::graph::ValueId id : node.inputs) {
    arguments.push_back(id == ampd::graph::no_value ? nullptr : &*graph_.value(id).constant);
  }
  auto results = ampd::engine::evaluate_plain(graph_, node, arguments);
  if (!results) {
    throw ampd::graph::NodeError(node, "has no plain kernel", ampd::ErrorCode::unsupported);
  }
  return *results;
}

Tensor Interpreter::apply(const ampd::graph::PostOp& post_op, const ampd::graph::Node& node,
                          const Tensor& value) {
  using Kind = ampd::graph::PostOp::Kind;
  ampd::graph::Node step;
  step.name = node.name + "/post-op";
  step.opset = ampd::graph::fused_opset;
  step.op_type = post_op.kind == Kind::eltwise ? post_op.op_type
                 : post_op.kind == Kind::mul   ? "Mul"
                                               : "Add";
  step.attributes = post_op.attributes;
  step.inputs = {graph_.add_constant("value", value)};
  if (post_op.op_type == "Clip") {
    for (const char* bound : {"min", "max"}) {
      step.inputs.push_back(
          graph_.add_constant(bound, Tensor::of<float>({}, {post_op.attributes.real(bound, 0)})));
    }
  } else if (post_op.kind != Kind::eltwise) {
    step.inputs.push_back(operand(post_op, node, value.shape().size()));
  }
  step.outputs = {graph_.add_value({})};
  return evaluate(step)[0];
}

ampd::graph::ValueId Interpreter::operand(const ampd::graph::PostOp& post_op,
                                          const ampd::graph::Node& node, std::size_t rank) {
  const Tensor tensor = *graph_.value(post_op.operand).constant;
  if (post_op.kind == ampd::graph::PostOp::Kind::sum || node.op_type == "MatMul") {
    return graph_.add_constant("operand", tensor);
  }
  Shape shape(rank, 1);
  shape[1] = tensor.size();
  return graph_.add_constant("operand", tensor.reshaped(shape));
}
