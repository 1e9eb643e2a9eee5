#include "evaluation/model.hpp"

#include <algorithm>
#include <utility>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "engine/plain.hpp"
#include "graph/onnx_import.hpp"
#include "graph/out_of_scope.hpp"
#include "graph/passes.hpp"
#include "graph/shape_inference.hpp"

namespace ampd::evaluation {
namespace {

constexpr std::size_t graphs_max = 4;
constexpr std::size_t programs_max = 4;
constexpr std::size_t programs_min = 2;  // the config's and the baseline's that it is compared with

std::string in_words(const std::string& op_type, int opset, const std::vector<std::string>& nodes) {
  constexpr std::size_t nodes_shown_max = 5;
  std::string text = op_type + " of opset " + std::to_string(opset);
  const std::string_view reason = graph::reason_out_of_scope(op_type);
  if (!reason.empty()) text += ", which " + std::string(reason);
  text += nodes.size() == 1 ? " (node " : " (nodes ";
  for (std::size_t i = 0; i < std::min(nodes.size(), nodes_shown_max); ++i) {
    text += (i == 0 ? "" : ", ") + nodes[i];
  }
  if (nodes.size() > nodes_shown_max) {
    text += " and " + std::to_string(nodes.size() - nodes_shown_max) + " more";
  }
  return text + ")";
}

std::vector<std::string> unknown(const graph::Graph& graph) {
  std::vector<std::string> listed;
  for (const graph::UnknownOp& op : graph::unknown_ops(graph)) {
    listed.push_back(in_words(op.op_type, op.opset, op.nodes));
  }
  return listed;
}

/// What the engine lacks for a graph, grouped by operator.
std::vector<std::string> not_executable(const graph::Graph& graph) {
  std::map<std::pair<std::string, int>, std::vector<std::string>> nodes;
  for (const std::string& name : engine::unsupported_ops(graph)) {
    const graph::Node* node = graph.find_node(name);
    AMPD_CHECK(node != nullptr);
    nodes[{node->op_type, node->opset}].push_back(name);
  }
  std::vector<std::string> listed;
  for (const auto& [op, names] : nodes) listed.push_back(in_words(op.first, op.second, names));
  return listed;
}

void refuse_if_any(const std::vector<std::string>& unsupported, const std::string& name) {
  if (unsupported.empty()) return;
  std::string text = "the model " + name + " has operators that cannot be executed: ";
  for (std::size_t i = 0; i < unsupported.size(); ++i) {
    text += (i == 0 ? "" : "; ") + unsupported[i];
  }
  throw Error(ErrorCode::unsupported, text);
}

std::map<std::string, std::vector<Precision>> offered_by_machine(const graph::Graph& graph) {
  std::map<std::string, std::vector<Precision>> offered;
  for (const graph::Node& node : graph.nodes) {
    std::vector<Precision> precisions = engine::offered_precisions(graph, node);
    if (!precisions.empty()) offered.emplace(node.name, std::move(precisions));
  }
  return offered;
}

/// Moves the entry that `matches` to the front; whether there is one.
template <class Entry, class Condition>
bool bring_to_front(std::list<Entry>& entries, Condition matches) {
  const auto found = std::ranges::find_if(entries, matches);
  if (found == entries.end()) return false;
  entries.splice(entries.begin(), entries, found);
  return true;
}

}  // namespace

Model::Model(ModelSource source)
    : Model(base::read_file(source.path, base::limits::model_bytes), source) {}

Model::Model(std::vector<std::byte> bytes, ModelSource source)
    : source_(std::move(source)),
      bytes_(std::move(bytes)),
      imported_(graph::import_onnx(bytes_, source_.folder, source_.name)) {}

void Model::forget_input_shapes() {
  for (const graph::ValueId id : imported_.inputs) {
    imported_.value(id).shape.reset();
    imported_.value(id).symbols.clear();
  }
  graphs_.clear();
  programs_.clear();
}

std::vector<std::string> Model::unsupported(const Shapes& shapes) {
  std::vector<std::string> listed = unknown(imported_);
  if (!listed.empty()) return listed;
  return not_executable(graph::settle(imported_, shapes, {}, engine::evaluate_plain));
}

std::shared_ptr<const SpecialGraph> Model::graph(const Shapes& shapes) {
  const auto matches = [&shapes](const auto& entry) { return entry->shapes == shapes; };
  if (!bring_to_front(graphs_, matches)) {
    refuse_if_any(unknown(imported_), source_.name);
    auto special = std::make_shared<SpecialGraph>();
    special->shapes = shapes;
    special->graph = graph::settle(imported_, shapes, {}, engine::evaluate_plain);
    const bool is_open = graph::find_open_node(special->graph) != nullptr;
    if (!is_open) {
      special->graph = graph::complete(std::move(special->graph), engine::evaluate_plain);
    }
    refuse_if_any(not_executable(special->graph), source_.name);
    if (is_open) special->first_stage = std::make_shared<Stage>(special->graph);
    special->offered = offered_by_machine(special->graph);
    graphs_.push_front(std::move(special));
    if (graphs_.size() > graphs_max) graphs_.pop_back();
  }
  return graphs_.front();
}

std::shared_ptr<Executable> Model::program(const Shapes& shapes, const Precisions& precisions) {
  const Precisions low = without_fp32(precisions);
  const int threads = engine::threads();
  const auto matches = [&](const CachedProgram& entry) {
    return entry.shapes == shapes && entry.precisions == low && entry.threads == threads;
  };
  if (!bring_to_front(programs_, matches)) {
    const std::shared_ptr<const SpecialGraph> special = graph(shapes);
    programs_.push_front(
        {shapes, low, threads,
         std::make_shared<Executable>(special->graph, special->first_stage, low, weights_)});
    drop_old_programs();
  }
  return programs_.front().program;
}

void Model::drop_old_programs() {
  const auto held_bytes = [this] {
    std::int64_t bytes = 0;
    for (const CachedProgram& entry : programs_)
      bytes += std::max(entry.program->arena_bytes(), entry.program->held_bytes());
    return bytes;
  };
  while (programs_.size() > programs_max ||
         (programs_.size() > programs_min && held_bytes() > base::limits::idle_arena_bytes)) {
    programs_.pop_back();
  }
}

Precisions without_fp32(Precisions precisions) {
  std::erase_if(precisions, [](const auto& entry) { return entry.second == Precision::fp32; });
  return precisions;
}

Shapes shapes_of(const Tensors& tensors) {
  Shapes shapes;
  for (const auto& [name, value] : tensors) shapes.emplace(name, value.shape());
  return shapes;
}

std::vector<std::string> output_names(const graph::Graph& graph) {
  std::vector<std::string> names;
  for (const graph::ValueId id : graph.outputs) names.push_back(graph.value(id).name);
  return names;
}

}  // namespace ampd::evaluation
