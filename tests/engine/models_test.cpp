// Real models from the shared folder, against outputs that other runtimes computed.
#include <cstdlib>
#include <filesystem>

#include "conformance_case.hpp"
#include "shared_folder.hpp"
#include "temporary_folder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;
namespace fs = std::filesystem;

namespace {

Graph load(const fs::path& path, const std::map<std::string, Shape>& shapes = {}) {
  const Graph graph = graph::import_onnx(base::read_file(path, base::limits::model_bytes),
                                         path.parent_path(), path.string());
  return graph::specialise(graph, shapes, evaluate_plain);
}

/// No reference kernels anywhere, no plain kernels but the named ones.
void check_kernels(const std::vector<StepReport>& steps) {
  for (const StepReport& step : steps) {
    CAPTURE(step.op);
    CAPTURE(step.type);
    CHECK_FALSE(is_reference(step));
    CHECK(step.implementation != "plain");
  }
}

void check_bf16_kernels(const Graph& graph) {
  const Assignment assignment = all_in(graph, Precision::bf16);
  std::size_t count = 0;
  for (const StepReport& step : steps_of(graph, assignment)) {
    CHECK_FALSE(is_reference(step));
    const auto found = assignment.find(step.op);
    if (found == assignment.end() || step.type == "reorder") continue;
    CAPTURE(step.op);
    CAPTURE(step.implementation);
    CHECK(is_bf16_kernel(step));
    ++count;
  }
  CHECK(count == assignment.size());
}

void check_case(const fs::path& folder, double rtol, double atol) {
  CAPTURE(folder.string());
  const ConformanceCase c = read_case(folder);
  Program program(c.graph, {}, make_weight_cache());
  const std::vector<Tensor> found = program.run(c.inputs);
  REQUIRE(found.size() == c.outputs.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    CHECK(worst_ratio(found[k], c.outputs[k], rtol, atol) <= 1);
  }
  check_kernels(program.steps());
  if (missing_feature(Precision::bf16).empty()) check_bf16_kernels(c.graph);
}

/// The logits of a model in bf16 against fp32, on seeded input.
void check_bf16_model(const std::string& name, const Shape& shape, double bound) {
  const auto path = shared_file("models/" + name);
  if (!path) return;
  CAPTURE(name);
  const Graph graph = load(*path, {{"input", shape}});
  check_kernels(steps_of(graph));
  const Tensors inputs = random_inputs(graph);
  const Tensor exact = run(graph, inputs)[0];
  CHECK(worst_ratio(exact, reference(graph, inputs)[0], 1e-3, 1e-4) <= 1);
  if (!missing_feature(Precision::bf16).empty()) return;
  check_bf16_kernels(graph);
  const double error = relative_error(run(graph, inputs, all_in(graph, Precision::bf16))[0], exact);
  CHECK(error > 0);
  CHECK(error < bound);
}

}  // namespace

TEST_CASE("nine architectures agree with their conformance outputs") {
  const auto folder = shared_file("onnx/light");
  if (!folder) return;
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(*folder)) {
    check_case(entry.path(), 1e-3, 1e-7);
    ++count;
  }
  CHECK(count == 9);
}

TEST_CASE("six architectures with weights agree with ONNX Runtime") {
  const auto script = shared_file("onnx/make_weighted_models.py");
  if (!script) return;
  const TemporaryFolder folder;
  const std::string command = "/usr/bin/python3 '" + script->string() + "' '" +
                              folder.path().string() + "' >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) {
    MESSAGE("skipped: " << script->string() << " needs python3-onnx");
    return;
  }
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    check_case(entry.path(), 1e-3, 1e-5);
    ++count;
  }
  CHECK(count == 6);
}

// The bounds: each of about n layers adds an independent error of 2^-9 or so, relative, and the
// activations drop some of it; sqrt(n) * 2^-8 is not exceeded.
TEST_CASE("trained models agree with plain kernels, and in bf16 within its rounding") {
  check_bf16_model("cifar10_resnet20.onnx", {4, 3, 32, 32}, 0.02);
  check_bf16_model("cifar10_mobilenet.onnx", {4, 3, 32, 32}, 0.05);
  check_bf16_model("mlperf_tiny_resnet8.onnx", {4, 3, 32, 32}, 0.1);
}

TEST_CASE("a transformer of decomposed operators runs") {
  const auto path = shared_file("models/char_gpt.onnx");
  if (!path) return;
  const Graph graph = load(*path, {{"tokens", {2, 64}}});
  Tensor tokens(DType::i64, {2, 64});
  std::int64_t next = 0;
  for (std::int64_t& token : tokens.mutable_values<std::int64_t>()) token = next++ * 7 % 65;
  const Tensors inputs{{"tokens", tokens}};
  const Tensor exact = run(graph, inputs)[0];
  CHECK(worst_ratio(exact, reference(graph, inputs)[0], 1e-3, 1e-4) <= 1);
  if (!missing_feature(Precision::bf16).empty()) return;
  check_bf16_kernels(graph);
  CHECK(relative_error(run(graph, inputs, all_in(graph, Precision::bf16))[0], exact) < 0.03);
}
