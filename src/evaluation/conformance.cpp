#include "evaluation/conformance.hpp"

#include <algorithm>
#include <vector>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "engine/program.hpp"
#include "evaluation/inspection.hpp"
#include "evaluation/model.hpp"
#include "graph/onnx_import.hpp"

namespace ampd::evaluation {
namespace {

namespace fs = std::filesystem;
using Status = Verdict::Status;

/// The entries of a folder whose names begin so, in the order of the number that follows.
std::vector<fs::path> numbered(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(prefix)) found.push_back(entry.path());
  }
  std::ranges::sort(found, [](const fs::path& a, const fs::path& b) {
    const std::string first = a.filename().string();
    const std::string second = b.filename().string();
    return first.size() != second.size() ? first.size() < second.size() : first < second;
  });
  return found;
}

std::vector<tensor::Tensor> read_tensors(const fs::path& data_set, const std::string& prefix) {
  std::vector<tensor::Tensor> tensors;
  for (const fs::path& file : numbered(data_set, prefix)) {
    const std::vector<std::byte> bytes = base::read_file(file, base::limits::model_bytes);
    tensors.push_back(graph::read_tensor_proto(bytes, file.string()).value);
  }
  return tensors;
}

/// Conformance cases store a bfloat16 as the uint16 of its bits.
tensor::Tensor as_declared(const tensor::Tensor& stored, tensor::DType declared) {
  if (stored.dtype() != tensor::DType::u16 || declared != tensor::DType::bf16) return stored;
  tensor::Tensor value(declared, stored.shape());
  std::ranges::copy(stored.bytes(), value.mutable_bytes().begin());
  return value;
}

/// The values of the model's inputs or outputs in their order. Throws Error(invalid) when there are
/// more files than those.
std::vector<tensor::Tensor> read_values(const fs::path& data_set, const std::string& prefix,
                                        const graph::Graph& graph,
                                        const std::vector<graph::ValueId>& ids) {
  std::vector<tensor::Tensor> values = read_tensors(data_set, prefix);
  if (values.size() > ids.size()) {
    throw Error(ErrorCode::invalid, data_set.string() + " has " + std::to_string(values.size()) +
                                        " files " + prefix + "*.pb, and the model has " +
                                        std::to_string(ids.size()));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = as_declared(values[i], graph.value(ids[i]).dtype);
  }
  return values;
}

class Case {
 public:
  Case(const fs::path& folder, Precision precision, Tolerance tolerance)
      : model_({folder / "model.onnx", folder, (folder / "model.onnx").string()}),
        precision_(precision),
        tolerance_(tolerance) {
    model_.forget_input_shapes();
  }

  /// The first complaint about a data set; empty if it passes.
  std::string run(const fs::path& data_set) {
    const graph::Graph& imported = model_.imported();
    const Tensors inputs = by_name(read_values(data_set, "input_", imported, imported.inputs));
    const Shapes shapes = shapes_of(inputs);
    const auto special = model_.graph(shapes);
    const std::vector<tensor::Tensor> actual =
        model_.program(shapes, all_in(*special, precision_))->run(inputs);
    const graph::Graph& graph = special->graph;
    const std::vector<tensor::Tensor> expected =
        read_values(data_set, "output_", graph, graph.outputs);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Comparison compared = compare(actual.at(i), expected[i], tolerance_);
      if (compared.max_abs_error) {
        max_abs_error_ = std::max(max_abs_error_.value_or(0), *compared.max_abs_error);
      }
      if (!compared.complaint.empty()) {
        return data_set.filename().string() + ": output " + graph.value(graph.outputs[i]).name +
               " " + compared.complaint;
      }
    }
    return {};
  }

  std::optional<double> max_abs_error() const { return max_abs_error_; }

 private:
  Tensors by_name(const std::vector<tensor::Tensor>& values) const {
    const graph::Graph& graph = model_.imported();
    Tensors inputs;
    for (std::size_t i = 0; i < values.size(); ++i) {
      inputs.emplace(graph.value(graph.inputs[i]).name, values[i]);
    }
    return inputs;
  }

  static Shapes shapes_of(const Tensors& inputs) {
    Shapes shapes;
    for (const auto& [name, value] : inputs) shapes.emplace(name, value.shape());
    return shapes;
  }

  Model model_;
  Precision precision_;
  Tolerance tolerance_;
  std::optional<double> max_abs_error_;
};

Verdict judge(const fs::path& folder, const std::vector<fs::path>& data_sets, Precision precision,
              Tolerance tolerance, const Observer& observer) {
  Case one(folder, precision, tolerance);
  Verdict verdict{Status::passed, {}, {}};
  for (std::size_t i = 0; i < data_sets.size() && verdict.reason.empty(); ++i) {
    verdict.reason = one.run(data_sets[i]);
    verdict.max_abs_error = one.max_abs_error();
    observer.tell(
        {static_cast<std::int64_t>(i) + 1, static_cast<std::int64_t>(data_sets.size()), 0, {}});
  }
  if (!verdict.reason.empty()) verdict.status = Status::failed;
  return verdict;
}

}  // namespace

Verdict run_case(const fs::path& folder, Precision precision, Tolerance tolerance,
                 const Observer& observer) {
  if (!fs::is_regular_file(folder / "model.onnx")) {
    throw Error(ErrorCode::not_found,
                folder.string() + " is no conformance case: it holds no model.onnx");
  }
  const std::vector<fs::path> data_sets = numbered(folder, "test_data_set_");
  if (data_sets.empty()) {
    throw Error(ErrorCode::not_found,
                folder.string() + " is no conformance case: it holds no test_data_set_0");
  }
  try {
    return judge(folder, data_sets, precision, tolerance, observer);
  } catch (const Error& error) {
    const Status status =
        error.code() == ErrorCode::unsupported ? Status::unsupported : Status::failed;
    return {status, error.what(), {}};
  }
}

}  // namespace ampd::evaluation
