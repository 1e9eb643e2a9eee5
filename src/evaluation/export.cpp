#include "evaluation/export.hpp"

#include <algorithm>

#include "ampd/error.hpp"
#include "engine/plain.hpp"
#include "graph/onnx_export.hpp"

namespace ampd::evaluation {
namespace {

/// The precisions that the cast pairs of a written model stand for.
Precisions stored_precisions(const graph::Graph& graph) {
  Precisions precisions;
  for (const graph::Node& node : graph.nodes) {
    if (node.stored_precision) precisions[node.name] = *node.stored_precision;
  }
  return precisions;
}

/// The name of the first output that differs in a bit; empty if none does.
std::string first_difference(const graph::Graph& graph, const std::vector<tensor::Tensor>& a,
                             const std::vector<tensor::Tensor>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].dtype() != b.at(i).dtype() || a[i].shape() != b[i].shape() ||
        !std::ranges::equal(a[i].bytes(), b[i].bytes())) {
      return graph.value(graph.outputs.at(i)).name;
    }
  }
  return {};
}

}  // namespace

std::optional<Exported> export_model(Model& model, const Precisions& precisions,
                                     const JobInputs& inputs, const Observer& observer) {
  const ModelSource& source = model.source();
  Exported exported;
  exported.bytes = graph::export_onnx(model.bytes(), source.folder, source.name,
                                      without_fp32(precisions), engine::evaluate_plain);
  Model written(exported.bytes, {source.path, source.folder, source.name + ", as exported"});
  const Precisions stored = stored_precisions(written.graph(inputs.shapes())->graph);

  BatchStream batches(inputs);
  std::int64_t done = 0;
  for (auto batch = batches.next(); batch; batch = batches.next(), ++done) {
    if (observer.wants_stop()) return std::nullopt;
    const Shapes shapes = shapes_of(batch->inputs);
    const std::string different =
        first_difference(model.imported(), model.program(shapes, precisions)->run(batch->inputs),
                         written.program(shapes, stored)->run(batch->inputs));
    if (!different.empty()) {
      throw Error(ErrorCode::divergence, "the exported model of " + source.name +
                                             " gives another " + different + " on batch " +
                                             std::to_string(done) +
                                             " than the config itself; it was not written");
    }
    exported.samples_compared += batch->samples;
    observer.tell({done + 1, inputs.batch_count(), exported.samples_compared, {}});
  }
  return exported;
}

}  // namespace ampd::evaluation
