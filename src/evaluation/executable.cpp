#include "evaluation/executable.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/limits.hpp"

namespace ampd::evaluation {
namespace {

constexpr std::size_t programs_per_segment_max = 4;

using Reports = std::vector<engine::StepReport>;

engine::StepReport report_of(const graph::Graph& selection, const graph::Node& node) {
  engine::StepReport report;
  report.op = node.name;
  report.type = node.op_type;
  report.implementation = "plain";
  report.source_dtype = selection.value(node.inputs.at(0)).dtype;
  report.weights_dtype = report.source_dtype;
  report.destination_dtype = selection.value(node.outputs.at(0)).dtype;
  return report;
}

void append(Reports& all, Reports more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Executable::Executable(const graph::Graph& graph, std::shared_ptr<Stage> stage,
                       engine::Assignment assignment, std::shared_ptr<engine::WeightCache> weights)
    : assignment_(std::move(assignment)), weights_(std::move(weights)) {
  for (const graph::ValueId id : graph.outputs) outputs_.push_back(graph.value(id).name);
  const graph::Graph& first = stage ? stage->graph() : graph;
  first_ = {std::move(stage), std::make_shared<engine::Program>(first, assignment_, weights_)};
}

template <class RunProgram, class RunNode>
std::vector<tensor::Tensor> Executable::follow(const Tensors& inputs, const RunProgram& run_program,
                                               const RunNode& run_node) {
  Tensors outputs;
  Tensors values = inputs;
  std::vector<Segment> path;
  for (Segment segment = first_;; segment = segment_of(path.back().stage->next(values))) {
    path.push_back(segment);
    const Stage& stage = *segment.stage;
    if (path.size() > 1) values = stage.inputs(values);
    std::vector<tensor::Tensor> made = run_program(*segment.program, values);
    for (std::size_t i = 0; i < made.size(); ++i) {
      const graph::ValueId id = stage.graph().outputs[i];
      values.insert_or_assign(stage.graph().value(id).name, std::move(made[i]));
    }
    if (!stage.is_last()) {
      for (const graph::Node& node : stage.selection().nodes) run_node(stage, node, values);
    }
    for (const std::string& name : outputs_) {
      const auto found = values.find(name);
      if (found != values.end()) outputs.insert(*found);
    }
    if (outputs.size() == outputs_.size()) break;
  }
  path_ = std::move(path);
  drop_old_programs();
  std::vector<tensor::Tensor> results;
  for (const std::string& name : outputs_) results.push_back(outputs.at(name));
  return results;
}

std::vector<tensor::Tensor> Executable::run(const Tensors& inputs, std::size_t lane) {
  if (first_.stage == nullptr) return first_.program->run(inputs, lane);
  return follow(
      inputs, [](engine::Program& program, const Tensors& given) { return program.run(given); },
      [](const Stage& stage, const graph::Node& node, Tensors& values) {
        stage.select(node, values);
      });
}

std::vector<engine::StepReport> Executable::profile(const Tensors& inputs) {
  if (first_.stage == nullptr) return first_.program->profile(inputs);
  using Clock = std::chrono::steady_clock;
  Reports reports;
  follow(
      inputs,
      [&](engine::Program& program, const Tensors& given) {
        std::vector<tensor::Tensor> made;
        append(reports, program.profile(given, &made));
        return made;
      },
      [&](const Stage& stage, const graph::Node& node, Tensors& values) {
        const auto start = Clock::now();
        stage.select(node, values);
        reports.push_back(report_of(stage.selection(), node));
        reports.back().milliseconds =
            std::chrono::duration<double, std::milli>(Clock::now() - start).count();
      });
  return reports;
}

std::vector<engine::StepReport> Executable::steps() const {
  if (path_.empty()) return first_.program->steps();
  Reports reports;
  for (const Segment& segment : path_) {
    append(reports, segment.program->steps());
    if (segment.stage->is_last()) continue;
    const graph::Graph& selection = segment.stage->selection();
    for (const graph::Node& node : selection.nodes) reports.push_back(report_of(selection, node));
  }
  return reports;
}

std::int64_t Executable::footprint_bytes() const {
  if (path_.empty()) return first_.program->arena_bytes() + first_.program->weights_bytes();
  std::int64_t bytes = 0;
  for (const Segment& segment : path_) {
    bytes += segment.program->arena_bytes() + segment.program->weights_bytes();
  }
  return bytes;
}

std::int64_t Executable::arena_bytes() const {
  std::int64_t bytes = first_.program->arena_bytes();
  for (const Segment& segment : later_) bytes += segment.program->arena_bytes();
  return bytes;
}

std::int64_t Executable::held_bytes() const {
  std::int64_t bytes = first_.program->held_bytes();
  for (const Segment& segment : later_) bytes += segment.program->held_bytes();
  return bytes;
}

Executable::Segment Executable::segment_of(std::shared_ptr<Stage> stage) {
  const auto known = std::ranges::find(later_, stage, &Segment::stage);
  if (known != later_.end()) {
    later_.splice(later_.begin(), later_, known);
  } else {
    auto program = std::make_shared<engine::Program>(stage->graph(), assignment_, weights_);
    later_.push_front({std::move(stage), std::move(program)});
  }
  return later_.front();
}

/// Those of the last execution stay.
void Executable::drop_old_programs() {
  const std::size_t in_use = path_.size() - 1;
  while (later_.size() > programs_per_segment_max * in_use ||
         (later_.size() > in_use && arena_bytes() > base::limits::idle_arena_bytes)) {
    later_.pop_back();
  }
}

}  // namespace ampd::evaluation
