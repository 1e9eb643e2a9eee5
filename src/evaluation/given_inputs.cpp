#include "evaluation/given_inputs.hpp"

#include "ampd/error.hpp"
#include "data/npy.hpp"

namespace ampd::evaluation {
namespace {

const graph::Value& input_named(const Model& model, const std::string& name) {
  const graph::Graph& graph = model.imported();
  std::string names;
  for (const graph::ValueId id : graph.inputs) {
    if (graph.value(id).name == name) return graph.value(id);
    names += (names.empty() ? "" : ", ") + graph.value(id).name;
  }
  throw Error(ErrorCode::invalid, "the model " + model.source().name + " has no input " + name +
                                      "; its inputs are " + names);
}

}  // namespace

Tensors read_inputs(const Model& model, const GivenInputs& given) {
  Tensors tensors;
  for (const auto& [name, file] : given.files) {
    const graph::Value& input = input_named(model, name);
    tensor::Tensor tensor = data::read_npy(file);
    if (tensor.dtype() != input.dtype) {
      throw Error(ErrorCode::invalid,
                  file.string() + " holds " + std::string(to_string(tensor.dtype())) +
                      ", and the input " + name + " wants " + std::string(to_string(input.dtype)));
    }
    const auto shape = given.shapes.find(name);
    if (shape != given.shapes.end() && shape->second != tensor.shape()) {
      throw Error(ErrorCode::invalid,
                  file.string() + " has the shape " + tensor::to_string(tensor.shape()) + ", and " +
                      tensor::to_string(shape->second) + " is asked for the input " + name);
    }
    tensors.emplace(name, std::move(tensor));
  }
  return tensors;
}

void require_all(const Model& model, const Tensors& tensors) {
  std::string missing;
  for (const graph::ValueId id : model.imported().inputs) {
    const graph::Value& input = model.imported().value(id);
    if (tensors.contains(input.name)) continue;
    missing += (missing.empty() ? "" : ", ") + input.name;
  }
  if (missing.empty()) return;
  throw Error(ErrorCode::invalid,
              "the model " + model.source().name + " needs inputs that are not given: " + missing);
}

Shapes shapes_of(const Model& model, const GivenInputs& given, const Tensors& tensors) {
  Shapes shapes;
  for (const auto& [name, shape] : given.shapes) {
    input_named(model, name);
    shapes.emplace(name, shape);
  }
  for (const auto& [name, tensor] : tensors) shapes.insert_or_assign(name, tensor.shape());
  return shapes;
}

}  // namespace ampd::evaluation
