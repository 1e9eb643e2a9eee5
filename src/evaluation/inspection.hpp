// What a model is and what can be tuned in it on this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ampd/tuning_space.hpp"
#include "evaluation/model.hpp"
#include "tensor/dtype.hpp"

namespace ampd::evaluation {

/// An input or output of the model.
struct ValueInfo {
  std::string name;
  tensor::DType dtype = tensor::DType::f32;
  tensor::Shape shape;               // -1: free
  std::vector<std::string> symbols;  // names of the free extents, where the file has them
};

/// An operator as it is executed: after fusions; in a model whose shapes depend on the data, before
/// those that need shapes.
struct OpInfo {
  std::string name;
  std::string type;
  std::vector<Precision> precisions;  // empty: not tunable
  std::int64_t flops = 0;             // of one execution in fp32; 0 if the data decide
  std::int64_t bytes = 0;             // read and written; likewise
  std::vector<std::string> absorbed;  // operators that run as part of this one
};

struct Inspection {
  TuningSpace space;  // empty when there are unsupported operators
  int opset = 0;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  std::vector<OpInfo> ops;                  // empty when there are unsupported operators
  std::vector<std::string> unsupported;     // operators that cannot be executed, with their nodes
  std::vector<std::string> external_files;  // beside the model, that hold its tensors
  std::string missing_feature;              // of the CPU, without which nothing runs in the target
};

/// Throws Error(invalid) when a shape does not fit.
Inspection inspect(Model& model, Precision target, const Shapes& shapes = {});

/// The operators that are offered `target` here, in the file's node order, with the numbers in
/// their weights.
TuningSpace tuning_space(const SpecialGraph& special, Precision target);

/// Bytes of the weights when each operator stores them in its precision.
std::int64_t model_bytes(const TuningSpace& space, const Precisions& precisions);

/// Every operator in `precision` that is offered it.
Precisions all_in(const SpecialGraph& special, Precision precision);

/// Throws Error(invalid) naming the operator when `precisions` names one that is not tunable, or a
/// precision that it is not offered.
void check_precisions(const SpecialGraph& special, const Precisions& precisions,
                      const std::string& model_name);

}  // namespace ampd::evaluation
