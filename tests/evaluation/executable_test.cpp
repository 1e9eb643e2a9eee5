#include "evaluation/executable.hpp"

#include <doctest/doctest.h>

#include <set>

#include "ampd/error.hpp"
#include "engine_plain/interpreter.hpp"
#include "evaluation/comparison.hpp"
#include "evaluation/export.hpp"
#include "evaluation/inspection.hpp"
#include "evaluation/latency.hpp"
#include "evaluation/made_up.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

namespace {

Tensor integers(const Shape& shape, const std::vector<std::int64_t>& values) {
  return Tensor::of<std::int64_t>(shape, values);
}

/// Pixels above a threshold, each as a row of five numbers:
/// conv -> relu -> Greater -> NonZero -> GatherND of relu -> product with a row.
OnnxBuilder pixel_picker() {
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {-1, 3, 6, 6});
  builder.constant("conv_w", SmallModel::random({4, 3, 3, 3}, 1));
  builder.constant("threshold", Tensor::of<float>({}, {2.0F}));
  builder.constant("axis", integers({1}, {1}));
  builder.constant("row", SmallModel::random({1, 5}, 2));
  builder.node("Conv", {"x", "conv_w"}, {"c"}, {}, "conv");
  builder.node("Relu", {"c"}, {"r"}, {}, "relu");
  builder.node("Greater", {"r", "threshold"}, {"g"}, {}, "greater");
  builder.node("NonZero", {"g"}, {"n"}, {}, "non_zero");
  builder.node("Transpose", {"n"}, {"places"}, {}, "transpose");
  builder.node("GatherND", {"r", "places"}, {"p"}, {}, "gather");
  builder.node("Unsqueeze", {"p", "axis"}, {"column"}, {}, "unsqueeze");
  builder.node("MatMul", {"column", "row"}, {"m"}, {}, "head");
  builder.node("Relu", {"m"}, {"y"}, {}, "last");
  builder.output("y");
  builder.output("r");
  return builder;
}

/// A detector with 16 boxes and 2 classes: convolutions -> NonMaxSuppression -> the chosen boxes ->
/// a product.
OnnxBuilder detector() {
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {1, 3, 4, 4});
  builder.constant("w", SmallModel::random({4, 3, 3, 3}, 3));
  builder.constant("v", SmallModel::random({2, 4, 1, 1}, 4));
  builder.constant("boxes_shape", integers({3}, {1, 4, 16}));
  builder.constant("scores_shape", integers({3}, {1, 2, 16}));
  builder.constant("most", integers({1}, {3}));
  builder.constant("overlap", Tensor::of<float>({1}, {0.4F}));
  builder.constant("least", Tensor::of<float>({1}, {0.1F}));
  builder.constant("two", integers({1}, {2}));
  builder.constant("box_row", integers({1}, {0}));
  builder.constant("mix", SmallModel::random({4, 6}, 5));
  builder.node("Conv", {"x", "w"}, {"c"}, {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}},
               "body");
  builder.node("Conv", {"c", "v"}, {"s"}, {}, "scores");
  builder.node("Reshape", {"c", "boxes_shape"}, {"b"}, {}, "b");
  builder.node("Transpose", {"b"}, {"boxes"}, {{"perm", std::vector<std::int64_t>{0, 2, 1}}}, "t");
  builder.node("Reshape", {"s", "scores_shape"}, {"scored"}, {}, "r");
  builder.node("NonMaxSuppression", {"boxes", "scored", "most", "overlap", "least"}, {"chosen"}, {},
               "suppression");
  builder.node("Gather", {"chosen", "two"}, {"column"}, {{"axis", std::int64_t{1}}}, "g");
  builder.node("Squeeze", {"column", "axis"}, {"numbers"}, {}, "q");
  builder.constant("axis", integers({1}, {1}));
  builder.node("Squeeze", {"boxes", "box_row"}, {"list"}, {}, "l");
  builder.node("Gather", {"list", "numbers"}, {"kept"}, {}, "k");
  builder.node("MatMul", {"kept", "mix"}, {"y"}, {}, "head");
  builder.output("y");
  builder.output("chosen", DType::i64);
  return builder;
}

/// A classifier that drops the features whose mean over the batch is low.
OnnxBuilder feature_dropper() {
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {-1, 3, 8, 8});
  builder.constant("conv_w", SmallModel::random({8, 3, 3, 3}, 2));
  builder.constant("fc_w", SmallModel::random({SmallModel::classes, 1}, 4));
  builder.constant("fc_b", SmallModel::random({SmallModel::classes}, 5));
  builder.constant("threshold", Tensor::of<float>({}, {0.8F}));
  builder.node("Conv", {"x", "conv_w"}, {"c"}, {}, "conv");
  builder.node("Relu", {"c"}, {"r"}, {}, "relu");
  builder.node("GlobalAveragePool", {"r"}, {"p"}, {}, "pool");
  builder.node("Flatten", {"p"}, {"f"}, {}, "flatten");
  builder.node("ReduceMean", {"f"}, {"means"},
               {{"axes", std::vector<std::int64_t>{0}}, {"keepdims", std::int64_t{0}}}, "means");
  builder.node("Greater", {"means", "threshold"}, {"g"}, {}, "greater");
  builder.node("Compress", {"f", "g"}, {"kept"}, {{"axis", std::int64_t{1}}}, "compress");
  builder.node("ReduceSum", {"kept", "axis"}, {"s"}, {}, "sum");
  builder.constant("axis", integers({1}, {1}));
  builder.node("Gemm", {"s", "fc_w", "fc_b"}, {"y"}, {{"transB", std::int64_t{1}}}, "fc");
  builder.output("y");
  return builder;
}

/// The fp32 outputs must be those of the plain kernels, node by node.
void check_like_interpreter(Model& model, const Tensors& inputs) {
  const auto actual = model.program(shapes_of(inputs), {})->run(inputs);
  const auto expected = Interpreter::run(model.imported(), inputs);
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CHECK(compare(actual[i], expected[i], {1e-4, 1e-5}).complaint == "");
  }
}

const engine::StepReport& step_of(const std::vector<engine::StepReport>& steps,
                                  const std::string& op) {
  const auto found = std::ranges::find(steps, op, &engine::StepReport::op);
  REQUIRE(found != steps.end());
  return *found;
}

std::vector<std::string> names_of(const TuningSpace& space) {
  std::vector<std::string> names;
  for (const TunableOp& op : space.ops) names.push_back(op.name);
  return names;
}

const Precisions head_and_conv_low{{"conv", Precision::bf16}, {"head", Precision::bf16}};

}  // namespace

TEST_CASE("one model runs on data that lead to different shapes") {
  const auto model = model_of(pixel_picker());
  std::set<std::int64_t> counts;
  for (unsigned seed = 0; seed < 6; ++seed) {
    const Tensors inputs{{"x", SmallModel::random({1 + seed % 2, 3, 6, 6}, seed)}};
    check_like_interpreter(*model, inputs);
    const auto outputs = model->program(shapes_of(inputs), {})->run(inputs);
    CHECK(outputs[0].shape()[1] == 5);
    counts.insert(outputs[0].shape()[0]);
  }
  CHECK(counts.size() > 3);
}

TEST_CASE("a selection may be empty") {
  const auto model = model_of(pixel_picker());
  const Tensors inputs{{"x", Tensor(DType::f32, {1, 3, 6, 6})}};
  for (const Precisions& precisions : {Precisions{}, head_and_conv_low}) {
    const auto outputs = model->program(shapes_of(inputs), precisions)->run(inputs);
    CHECK(outputs[0].shape() == Shape{0, 5});
    CHECK(outputs[1].shape() == Shape{1, 4, 4, 4});
  }
}

TEST_CASE("a detector runs through its suppression to its end") {
  const auto model = model_of(detector());
  std::set<std::int64_t> counts;
  for (unsigned seed = 0; seed < 6; ++seed) {
    const Tensors inputs{{"x", SmallModel::random({1, 3, 4, 4}, seed)}};
    check_like_interpreter(*model, inputs);
    counts.insert(model->program({}, {})->run(inputs)[1].shape()[0]);
  }
  CHECK(counts.size() > 1);
}

TEST_CASE("precisions reach the operators of all segments") {
  const auto model = model_of(pixel_picker());
  const Tensors inputs{{"x", SmallModel::random({2, 3, 6, 6}, 4)}};
  const auto low = model->program(shapes_of(inputs), head_and_conv_low);
  low->run(inputs);
  for (const char* name : {"conv", "head"}) {
    const engine::StepReport step = step_of(low->steps(), name);
    CHECK(step.source_dtype == DType::bf16);
    CHECK(step.weights_dtype == DType::bf16);
    CHECK(step.implementation.find("ref") == std::string::npos);
  }
  CHECK(step_of(low->steps(), "non_zero").implementation == "plain");
  const auto mixed = model->program(shapes_of(inputs), {{"head", Precision::bf16}});
  mixed->run(inputs);
  CHECK(step_of(mixed->steps(), "conv").source_dtype == DType::f32);
  CHECK(step_of(mixed->steps(), "head").source_dtype == DType::bf16);
  const auto exact = model->program(shapes_of(inputs), {})->run(inputs);
  CHECK(compare(mixed->run(inputs)[0], exact[0], {1e-2, 1e-6}).complaint == "");
  CHECK(compare(low->run(inputs)[1], exact[1], {5e-2, 5e-2}).complaint == "");
}

TEST_CASE("a shape that is an input leaves the model in one piece behind it") {
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {1, 3, 6, 6});
  builder.input("shape", DType::i64, {2});
  builder.constant("w", SmallModel::random({4, 3, 3, 3}, 1));
  builder.constant("v", SmallModel::random({4, 8}, 1));
  builder.node("Conv", {"x", "w"}, {"c"}, {}, "conv");
  builder.node("Relu", {"c"}, {"r"}, {}, "relu");
  builder.node("Reshape", {"r", "shape"}, {"m"}, {}, "reshape");
  builder.node("MatMul", {"m", "v"}, {"y"}, {}, "head");
  builder.output("y");
  const auto model = model_of(builder);
  const auto program = model->program({}, {});
  CHECK(program->steps().empty());
  CHECK(!program->is_explored());
  const Tensor x = SmallModel::random({1, 3, 6, 6}, 7);
  check_like_interpreter(*model, {{"x", x}, {"shape", integers({2}, {16, 4})}});
  check_like_interpreter(*model, {{"x", x}, {"shape", integers({2}, {-1, 4})}});
  program->run({{"x", x}, {"shape", integers({2}, {16, 4})}});
  CHECK(program->is_explored());
  CHECK(program->footprint_bytes() > 0);
  const auto steps = program->steps();
  step_of(steps, "conv");
  CHECK(std::ranges::find(steps, "relu", &engine::StepReport::op) == steps.end());
  CHECK_THROWS_WITH_AS(program->run({{"x", x}, {"shape", integers({2}, {16, 5})}}),
                       doctest::Contains("the node reshape (Reshape)"), Error);
  CHECK_THROWS_WITH_AS(program->run({{"x", x}, {"shape", integers({2}, {8, 8})}}),
                       doctest::Contains("the node head (MatMul)"), Error);
  CHECK_THROWS_WITH_AS(program->run({{"x", x}}), doctest::Contains("the input shape is not given"),
                       Error);
  check_like_interpreter(*model, {{"x", x}, {"shape", integers({2}, {16, 4})}});
}

TEST_CASE("outputs may be made by any segment, or be an input or a constant") {
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {5});
  builder.constant("c", Tensor::of<float>({2}, {1, 2}));
  builder.node("Neg", {"x"}, {"a"}, {}, "neg");
  builder.node("Relu", {"a"}, {"b"}, {}, "relu");
  builder.node("NonZero", {"b"}, {"n"}, {}, "first");
  builder.node("Unique", {"n"}, {"u", "", "", "counts"}, {}, "second");
  builder.node("Exp", {"b"}, {"e"}, {}, "exp");
  builder.output("counts", DType::i64);
  for (const char* name : {"x", "c", "a"}) builder.output(name);
  builder.output("n", DType::i64);
  builder.output("e");
  const auto model = model_of(builder);
  check_like_interpreter(*model, {{"x", Tensor::of<float>({5}, {-1, 2, -3, 4, -5})}});
  check_like_interpreter(*model, {{"x", Tensor::of<float>({5}, {1, 2, 3, 4, 5})}});
}

TEST_CASE("stages are told apart by shapes, and by those values alone that decide") {
  const auto model = model_of(pixel_picker());
  const auto first = model->graph({})->first_stage;
  REQUIRE(first != nullptr);
  const auto with = [](std::int64_t count, float value) {
    Tensor r(DType::f32, {1, 4, 4, 4});
    r.mutable_values<float>()[0] = value;
    return Tensors{{"r", r}, {"n", Tensor(DType::i64, {4, count})}};
  };
  const auto next = first->next(with(3, 0));
  CHECK(first->next(with(3, 1)) == next);
  CHECK(first->next(with(4, 0)) != next);
  CHECK(first->next(with(3, 0)) == next);
  for (std::int64_t count = 10; count < 40; ++count) first->next(with(count, 0));
  CHECK(first->next(with(3, 0)) != next);
}

TEST_CASE("the operators behind the cut are told and can be tuned before any data are there") {
  const auto model = model_of(pixel_picker());
  const Inspection found = inspect(*model, Precision::bf16);
  CHECK(found.unsupported.empty());
  CHECK(names_of(found.space) == std::vector<std::string>{"conv", "head"});
  CHECK(found.space.ops[1].precisions == std::vector{Precision::fp32, Precision::bf16});
  CHECK(found.space.ops[1].weight_count == 5);
  CHECK(found.outputs[0].shape == Shape{-1, 5});
  const auto head = std::ranges::find(found.ops, "head", &OpInfo::name);
  REQUIRE(head != found.ops.end());
  CHECK(head->flops == 0);
  CHECK(std::ranges::find(found.ops, "conv", &OpInfo::name)->flops > 0);
  CHECK(names_of(inspect(*model_of(detector()), Precision::bf16).space) ==
        std::vector<std::string>{"body", "scores", "head"});
}

TEST_CASE("a profile covers all segments and what runs between them") {
  const auto model = model_of(pixel_picker());
  const Tensors inputs{{"x", SmallModel::random({1, 3, 6, 6}, 4)}};
  const auto program = model->program(shapes_of(inputs), {});
  const auto times = profile(*program, inputs, 2, {});
  const auto steps = program->steps();
  REQUIRE(times.size() == steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) CHECK(times[i].step.op == steps[i].op);
  for (const char* name : {"conv", "non_zero", "head"}) step_of(steps, name);
  const std::array programs{program.get()};
  CHECK(measure(programs, inputs, 1, 2, {}).front().median_ns > 0);
}

TEST_CASE("an executable outlives its model and keeps few programs") {
  auto model = model_of(pixel_picker());
  const auto program = model->program({}, {});
  model = nullptr;
  std::int64_t bytes_max = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    program->run({{"x", SmallModel::random({1, 3, 6, 6}, seed)}});
    bytes_max = std::max(bytes_max, program->footprint_bytes());
  }
  CHECK(program->arena_bytes() < 5 * bytes_max);
}

TEST_CASE("a model whose shapes depend on its data is evaluated, and goes on from a checkpoint") {
  const SmallModel small;
  base::write_file(small.path("model.onnx"), feature_dropper().bytes());
  const Precisions low{{"conv", Precision::bf16}, {"fc", Precision::bf16}};
  Evaluator evaluator = small.evaluator("topk: 1");
  const auto exact = evaluator.evaluate({});
  const auto whole = evaluator.evaluate(low);
  REQUIRE(exact.has_value());
  REQUIRE(whole.has_value());
  CHECK(whole->samples == SmallModel::samples);
  CHECK(whole->footprint_bytes > 0);
  CHECK(whole->model_bytes < exact->model_bytes);

  std::optional<nlohmann::json> checkpoint;
  int batches = 0;
  Observer observer;
  observer.checkpoint = [&](const nlohmann::json& state) { checkpoint = state; };
  observer.is_stopping = [&] { return batches == 3; };
  observer.progress = [&](const Progress&) { ++batches; };
  CHECK(!evaluator.evaluate(low, {}, observer));
  REQUIRE(checkpoint.has_value());
  const auto resumed = small.evaluator("topk: 1").evaluate(low, checkpoint);
  CHECK(resumed->accuracy == whole->accuracy);
  CHECK(resumed->footprint_bytes == whole->footprint_bytes);
}

TEST_CASE("a model whose shapes depend on its data is exported with its precisions") {
  const SmallModel small;
  base::write_file(small.path("model.onnx"), feature_dropper().bytes());
  const auto model = small.load();
  const JobInputs inputs(*model, small.job("topk: 1"));
  const Precisions low{{"conv", Precision::bf16}, {"fc", Precision::bf16}};
  for (const Precisions& precisions : {Precisions{}, low, Precisions{{"fc", Precision::bf16}}}) {
    const auto exported = export_model(*model, precisions, inputs);
    REQUIRE(exported.has_value());
    CHECK(exported->samples_compared == SmallModel::samples);
  }
}
