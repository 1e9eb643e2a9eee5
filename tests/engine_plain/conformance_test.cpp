// The conformance cases of ONNX, run by the plain kernels alone.
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "base/files.hpp"
#include "base/limits.hpp"
#include "graph/onnx_import.hpp"
#include "graph/passes.hpp"
#include "interpreter.hpp"
#include "shared_folder.hpp"

using namespace ampd;
using tensor::Tensor;

namespace {

Tensor read_tensor(const std::filesystem::path& path) {
  return graph::read_tensor_proto(base::read_file(path, base::limits::model_bytes), path.string())
      .value;
}

/// Empty when equal within rtol 1e-3, atol 1e-7; a bfloat16 may be off by its last bit, since the
/// suite's own conversion cuts off where ours rounds.
std::string difference(const Tensor& got, const Tensor& expected) {
  if (got.dtype() != expected.dtype()) {
    return "is of type " + std::string(tensor::to_string(got.dtype()));
  }
  if (got.shape() != expected.shape()) return "has the shape " + tensor::to_string(got.shape());
  const double tolerance = got.dtype() == tensor::DType::bf16 ? 1.0 / 128 : 1e-3;
  const Tensor a = tensor::convert(got, tensor::DType::f64);
  const Tensor b = tensor::convert(expected, tensor::DType::f64);
  for (std::size_t i = 0; i < a.values<double>().size(); ++i) {
    const double x = a.values<double>()[i];
    const double y = b.values<double>()[i];
    const bool equal = x == y || (std::isnan(x) && std::isnan(y)) ||
                       std::abs(x - y) <= 1e-7 + tolerance * std::abs(y);
    if (!equal) {
      return "element " + std::to_string(i) + " is " + std::to_string(x) + ", not " +
             std::to_string(y);
    }
  }
  return "";
}

/// The suite stores bfloat16 as the bits in uint16.
Tensor typed(const Tensor& stored, tensor::DType dtype) {
  if (stored.dtype() != tensor::DType::u16 || dtype != tensor::DType::bf16) return stored;
  Tensor result(dtype, stored.shape());
  std::ranges::copy(stored.bytes(), result.mutable_bytes().begin());
  return result;
}

using Inputs = std::map<std::string, Tensor>;

Inputs read_inputs(const graph::Graph& graph, const std::filesystem::path& folder) {
  Inputs inputs;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const graph::Value& input = graph.value(graph.inputs[i]);
    const Tensor stored = read_tensor(folder / ("input_" + std::to_string(i) + ".pb"));
    inputs.emplace(input.name, typed(stored, input.dtype));
  }
  return inputs;
}

/// What is wrong with the outputs for one data set; empty when nothing.
std::string failure(const graph::Graph& graph, const Inputs& inputs,
                    const std::filesystem::path& folder) {
  const std::vector<Tensor> outputs = Interpreter::run(graph, inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor expected = read_tensor(folder / ("output_" + std::to_string(i) + ".pb"));
    const std::string found = difference(outputs[i], typed(expected, outputs[i].dtype()));
    if (!found.empty()) return "output " + std::to_string(i) + " " + found;
  }
  return "";
}

/// The same after the passes, unless a shape depends on the data.
std::string failure_compiled(graph::Graph graph, const Inputs& inputs,
                             const std::filesystem::path& folder) {
  for (const graph::ValueId id : graph.inputs) {  // some cases declare another shape than they use
    graph.value(id).shape = inputs.at(graph.value(id).name).shape();
  }
  graph::Graph compiled;
  try {
    compiled = graph::specialise(graph, {}, engine::evaluate_plain);
  } catch (const Error& error) {
    if (std::string(error.what()).find("depends on the data") != std::string::npos) return "";
    throw;
  }
  const std::string found = failure(compiled, inputs, folder);
  return found.empty() ? "" : "after the passes, " + found;
}

struct Tally {
  int passed = 0;
  std::vector<std::string> failed;
  std::vector<std::string> unsupported;
};

void run_case(const std::filesystem::path& folder, Tally& tally) {
  const std::string name = folder.filename().string();
  try {
    const auto bytes = base::read_file(folder / "model.onnx", base::limits::model_bytes);
    const graph::Graph graph = graph::import_onnx(bytes, folder, name);
    const auto unknown = graph::unknown_ops(graph);
    if (!unknown.empty()) {
      tally.unsupported.push_back(name + ": " + unknown[0].op_type);
      return;
    }
    const std::filesystem::path data = folder / "test_data_set_0";
    const Inputs inputs = read_inputs(graph, data);
    std::string found = failure(graph, inputs, data);
    if (found.empty()) found = failure_compiled(graph, inputs, data);
    if (found.empty()) {
      ++tally.passed;
    } else {
      tally.failed.push_back(name + ": " + found);
    }
  } catch (const Error& error) {
    const bool refused = error.code() == ErrorCode::unsupported;
    (refused ? tally.unsupported : tally.failed).push_back(name + ": " + error.what());
  }
}

}  // namespace

TEST_CASE("the plain kernels pass ONNX's conformance cases") {
  for (const char* suite :
       {"onnx/node", "onnx/simple", "onnx/pytorch-operator", "onnx/pytorch-converted"}) {
    const auto folder = shared_file(suite);
    if (!folder) return;
    std::set<std::filesystem::path> cases;
    for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
      if (std::filesystem::exists(entry.path() / "model.onnx")) cases.insert(entry.path());
    }
    Tally tally;
    for (const auto& each : cases) run_case(each, tally);
    MESSAGE(suite << ": " << tally.passed << " passed, " << tally.failed.size() << " failed, "
                  << tally.unsupported.size() << " unsupported");
    for (const std::string& each : tally.failed) MESSAGE("failed " << each);
    if (std::getenv("AMPD_VERBOSE") != nullptr) {
      for (const std::string& each : tally.unsupported) MESSAGE("unsupported " << each);
    }
    CHECK(tally.failed.empty());
  }
}
