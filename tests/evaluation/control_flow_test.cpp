// If, Loop and Scan, from the file to the results.
#include <doctest/doctest.h>

#include "ampd/error.hpp"
#include "evaluation/comparison.hpp"
#include "evaluation/export.hpp"
#include "evaluation/inspection.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

namespace {

void add_body(onnx::NodeProto& node, const std::string& attribute, const OnnxBuilder& body) {
  onnx::AttributeProto* proto = node.add_attribute();
  proto->set_name(attribute);
  proto->set_type(onnx::AttributeProto::GRAPH);
  *proto->mutable_g() = body.model.graph();
}

Tensor number(std::int64_t value) {
  return Tensor::of<std::int64_t>({}, {value});
}

Tensor yes(bool value) {
  return Tensor::of<bool>({}, {value});
}

Tensor vec(const std::vector<float>& values) {
  return Tensor::of<float>({std::ssize(values)}, values);
}

void check(Model& model, const Tensors& inputs, const std::vector<Tensor>& expected) {
  const auto actual = model.program(shapes_of(inputs), {})->run(inputs);
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CHECK(compare(actual[i], expected[i], {1e-5, 1e-6}).complaint == "");
  }
}

/// y = relu of x, or x as a list of two rows, which only fits some shapes.
OnnxBuilder chooser() {
  OnnxBuilder then_branch(13);
  then_branch.node("Relu", {"x"}, {"then_out"}, {}, "relu");
  then_branch.output("then_out");
  OnnxBuilder else_branch(13);
  else_branch.constant("rows", Tensor::of<std::int64_t>({2}, {2, -1}));
  else_branch.node("Reshape", {"x", "rows"}, {"else_out"}, {}, "reshape");
  else_branch.output("else_out");
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {-1});
  onnx::NodeProto& node = builder.node("If", {"condition"}, {"y"}, {}, "choice");
  add_body(node, "then_branch", then_branch);
  add_body(node, "else_branch", else_branch);
  builder.output("y");
  return builder;
}

/// The condition: whether x has three elements.
OnnxBuilder chooser_by_shape() {
  OnnxBuilder builder(13);
  builder.constant("three", Tensor::of<std::int64_t>({1}, {3}));
  builder.constant("first", number(0));
  builder.node("Shape", {"x"}, {"shape"});
  builder.node("Equal", {"shape", "three"}, {"equal"});
  builder.node("Gather", {"equal", "first"}, {"condition"});
  const OnnxBuilder rest = chooser();
  OnnxBuilder result(13);
  *result.model.mutable_graph() = builder.model.graph();
  result.model.mutable_graph()->MergeFrom(rest.model.graph());
  return result;
}

/// state' = state + step, with each state as a row; `step` lies around the loop.
OnnxBuilder summing(bool goes_on) {
  OnnxBuilder body(13);
  body.input("round", DType::i64, {});
  body.input("before", DType::boolean, {});
  body.input("state", DType::f32, {2});
  body.constant("again", yes(goes_on));
  body.node("Identity", {goes_on ? "before" : "again"}, {"after"});
  body.node("Cast", {"round"}, {"number"}, {{"to", std::int64_t{1}}});
  body.node("Add", {"state", "step"}, {"sum"});
  body.node("Add", {"sum", "number"}, {"next"});
  body.node("Identity", {"next"}, {"row"});
  for (const char* name : {"after", "next", "row"}) body.output(name);
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {2});
  builder.constant("step", vec({1, 2}));
  onnx::NodeProto& node =
      builder.node("Loop", {"rounds", "start", "x"}, {"last", "rows"}, {}, "loop");
  add_body(node, "body", body);
  builder.output("last");
  builder.output("rows");
  return builder;
}

}  // namespace

TEST_CASE("a branch is chosen by a condition that the shapes decide") {
  const auto model = model_of(chooser_by_shape());
  check(*model, {{"x", vec({-1, 2, -3})}}, {vec({0, 2, 0})});
  check(*model, {{"x", vec({-1, 2, -3, 4})}}, {Tensor::of<float>({2, 2}, {-1, 2, -3, 4})});
  CHECK(model->graph({{"x", {3}}})->first_stage == nullptr);
}

TEST_CASE("a branch is chosen by a condition that the data decide") {
  OnnxBuilder builder = chooser();
  builder.input("condition", DType::boolean, {});
  const auto model = model_of(builder);
  const Tensor x = vec({-1, 2});
  check(*model, {{"x", x}, {"condition", yes(true)}}, {vec({0, 2})});
  check(*model, {{"x", x}, {"condition", yes(false)}}, {Tensor::of<float>({2, 1}, {-1, 2})});
  CHECK(inspect(*model, Precision::bf16).unsupported.empty());
}

TEST_CASE("a loop runs as often as a constant says") {
  OnnxBuilder builder = summing(true);
  builder.constant("rounds", number(3));
  builder.constant("start", yes(true));
  check(*model_of(builder), {{"x", vec({0, 0})}},
        {vec({6, 9}), Tensor::of<float>({3, 2}, {1, 2, 3, 5, 6, 9})});
}

TEST_CASE("a loop runs as often as an input says, and may not run at all") {
  OnnxBuilder builder = summing(true);
  builder.input("rounds", DType::i64, {});
  builder.input("start", DType::boolean, {});
  const auto model = model_of(builder);
  const auto inputs = [](std::int64_t rounds, bool start) {
    return Tensors{{"x", vec({0, 0})}, {"rounds", number(rounds)}, {"start", yes(start)}};
  };
  check(*model, inputs(1, true), {vec({1, 2}), Tensor::of<float>({1, 2}, {1, 2})});
  check(*model, inputs(2, true), {vec({3, 5}), Tensor::of<float>({2, 2}, {1, 2, 3, 5})});
  const auto program = model->program({}, {});
  check(*model, inputs(2, false), {vec({0, 0}), Tensor(DType::f32, {0, 2})});
  check(*model, inputs(0, true), {vec({0, 0}), Tensor(DType::f32, {0, 2})});
  CHECK_THROWS_WITH_AS(program->run(inputs(1'000'000, true)),
                       doctest::Contains("once its loops are written out"), Error);
}

TEST_CASE("a loop whose body says stop runs once, one whose body decides is refused") {
  OnnxBuilder once = summing(false);
  once.constant("rounds", number(3));
  once.constant("start", yes(true));
  check(*model_of(once), {{"x", vec({0, 0})}}, {vec({1, 2}), Tensor::of<float>({1, 2}, {1, 2})});
  OnnxBuilder body(13);
  body.input("round", DType::i64, {});
  body.input("before", DType::boolean, {});
  body.input("state", DType::f32, {});
  body.constant("limit", Tensor::of<float>({}, {10}));
  body.node("Add", {"state", "state"}, {"next"});
  body.node("Less", {"next", "limit"}, {"after"});
  body.output("after");
  body.output("next");
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {});
  add_body(builder.node("Loop", {"", "", "x"}, {"y"}, {}, "loop"), "body", body);
  builder.output("y");
  CHECK_THROWS_WITH_AS(model_of(builder)->graph({}),
                       doctest::Contains("the node loop (Loop) runs until its body says so"),
                       Error);
}

namespace {

/// while (count < limit && count < 100): state += state, count += 2, with each count as a row.
OnnxBuilder counting() {
  OnnxBuilder body(13);
  body.input("round", DType::i64, {});
  body.input("before", DType::boolean, {});
  body.input("state", DType::f32, {2});
  body.input("count", DType::i64, {});
  body.constant("two", number(2));
  body.node("Add", {"state", "state"}, {"next"});
  body.node("Add", {"count", "two"}, {"more"});
  body.node("Less", {"more", "limit"}, {"after"});
  for (const char* name : {"after", "next", "more", "more"}) {
    body.node("Identity", {name}, {"out" + std::to_string(body.model.graph().output_size())});
    body.output("out" + std::to_string(body.model.graph().output_size()));
  }
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {2});
  builder.constant("zero", number(0));
  add_body(builder.node("Loop", {"", "", "x", "zero"}, {"last", "count", "counts"}, {}, "loop"),
           "body", body);
  for (const char* name : {"last", "count", "counts"}) builder.output(name);
  return builder;
}

}  // namespace

TEST_CASE("a loop that counts up to a constant runs until its condition fails") {
  OnnxBuilder builder = counting();
  builder.constant("limit", number(5));
  check(*model_of(builder), {{"x", vec({1, 2})}},
        {vec({8, 16}), number(6), Tensor::of<std::int64_t>({3}, {2, 4, 6})});
  OnnxBuilder endless = counting();
  endless.constant("limit", number(1'000'000'000));
  CHECK_THROWS_WITH_AS(model_of(endless)->graph({}),
                       doctest::Contains("once its loops are written out"), Error);
}

TEST_CASE("a scan over nothing gives its states and no rows") {
  OnnxBuilder body(13);
  body.input("state", DType::f32, {2});
  body.input("row", DType::f32, {2});
  body.node("Add", {"state", "row"}, {"next"});
  body.node("Concat", {"next", "row"}, {"made"}, {{"axis", std::int64_t{0}}});
  body.output("next");
  body.output("made");
  OnnxBuilder builder(13);
  builder.input("start", DType::f32, {2});
  builder.input("x", DType::f32, {-1, 2});
  add_body(builder.node("Scan", {"start", "x"}, {"last", "all"},
                        {{"num_scan_inputs", std::int64_t{1}},
                         {"scan_output_axes", std::vector<std::int64_t>{-1}}},
                        "scan"),
           "body", body);
  builder.output("last");
  builder.output("all");
  check(*model_of(builder), {{"start", vec({1, 2})}, {"x", Tensor(DType::f32, {0, 2})}},
        {vec({1, 2}), Tensor(DType::f32, {4, 0})});
}

TEST_CASE("a scan of opset 8 goes through a batch of sequences of different lengths") {
  OnnxBuilder body(8);
  body.input("state", DType::f32, {});
  body.input("forward", DType::f32, {});
  body.input("backward", DType::f32, {});
  body.node("Add", {"state", "forward"}, {"next"});
  body.node("Mul", {"next", "backward"}, {"made"});
  body.output("next");
  body.output("made");
  const Tensors inputs{{"start", vec({0, 100})},
                       {"x", Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6})},
                       {"y", Tensor::of<float>({2, 3}, {1, 10, 100, 1, 10, 100})}};
  const auto scan = [&](const std::string& lengths) {
    OnnxBuilder builder(8);
    for (const auto& [name, value] : inputs) builder.input(name, DType::f32, value.shape());
    if (lengths == "given") builder.input("given", DType::i64, {2});
    builder.constant("fixed", Tensor::of<std::int64_t>({2}, {0, 2}));
    add_body(builder.node("Scan", {lengths, "start", "x", "y"}, {"last", "all"},
                          {{"num_scan_inputs", std::int64_t{2}},
                           {"directions", std::vector<std::int64_t>{0, 1}}},
                          "scan"),
             "body", body);
    builder.output("last");
    builder.output("all");
    return builder;
  };
  check(*model_of(scan("")), inputs,
        {vec({6, 115}), Tensor::of<float>({2, 3}, {100, 30, 6, 10400, 1090, 115})});
  check(*model_of(scan("fixed")), inputs,
        {vec({0, 109}), Tensor::of<float>({2, 3}, {0, 0, 0, 1040, 109, 0})});
  Tensors with_lengths = inputs;
  with_lengths.emplace("given", Tensor::of<std::int64_t>({2}, {3, 1}));
  check(*model_of(scan("given")), with_lengths,
        {vec({6, 104}), Tensor::of<float>({2, 3}, {100, 30, 6, 104, 0, 0})});
}

TEST_CASE("a scan goes through its inputs forwards and backwards") {
  OnnxBuilder body(13);
  body.input("state", DType::f32, {2});
  body.input("forward", DType::f32, {2});
  body.input("backward", DType::f32, {2});
  body.node("Add", {"state", "forward"}, {"next"});
  body.node("Mul", {"next", "backward"}, {"made"});
  body.output("next");
  body.output("made");
  OnnxBuilder builder(13);
  builder.input("start", DType::f32, {2});
  builder.input("x", DType::f32, {-1, 2});
  builder.input("columns", DType::f32, {2, -1});
  onnx::NodeProto& node = builder.node("Scan", {"start", "x", "columns"}, {"last", "all"},
                                       {{"num_scan_inputs", std::int64_t{2}},
                                        {"scan_input_axes", std::vector<std::int64_t>{0, -1}},
                                        {"scan_input_directions", std::vector<std::int64_t>{0, 1}},
                                        {"scan_output_axes", std::vector<std::int64_t>{1}},
                                        {"scan_output_directions", std::vector<std::int64_t>{1}}},
                                       "scan");
  add_body(node, "body", body);
  builder.output("last");
  builder.output("all");
  check(*model_of(builder),
        {{"start", vec({0, 0})},
         {"x", Tensor::of<float>({2, 2}, {1, 2, 3, 4})},
         {"columns", Tensor::of<float>({2, 2}, {10, 100, 20, 200})}},
        {vec({4, 6}), Tensor::of<float>({2, 2}, {40, 100, 120, 400})});
}

TEST_CASE("an operator inside of a branch can be tuned and exported") {
  OnnxBuilder branch(13);
  branch.constant("w", SmallModel::random({4, 3}, 1));
  branch.node("MatMul", {"x", "w"}, {"out"}, {}, "product");
  branch.output("out");
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {2, 4});
  builder.constant("condition", yes(true));
  onnx::NodeProto& node = builder.node("If", {"condition"}, {"y"}, {}, "choice");
  add_body(node, "then_branch", branch);
  add_body(node, "else_branch", branch);
  builder.output("y");
  const auto model = model_of(builder);
  const auto space = inspect(*model, Precision::bf16).space;
  REQUIRE(space.ops.size() == 1);
  CHECK(space.ops[0].name == "choice/product");
  const SmallModel small;
  job::Job job = small.job("topk: 1");
  job.evaluation = job::CommandEvaluation{{"./score.sh"}, 0};
  const JobInputs inputs(*model, job);
  CHECK(export_model(*model, {{"choice/product", Precision::bf16}}, inputs)->samples_compared ==
        inputs.batch_count());
}

TEST_CASE("a node that inputs decide cannot be exported, and says so") {
  const auto model = model_of(chooser_by_shape());
  const JobInputs inputs([](std::int64_t index) -> std::optional<data::Batch> {
    if (index > 0) return std::nullopt;
    data::Batch batch;
    batch.inputs = {{"x", vec({1, 2, 3})}};
    return batch;
  });
  CHECK_THROWS_WITH_AS(export_model(*model, {}, inputs),
                       doctest::Contains("the node choice (If) cannot be exported"), Error);
}

TEST_CASE("what a body lacks is named with its node") {
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {2});
  builder.input("c", DType::boolean, {});
  OnnxBuilder branch(13);
  branch.node("Frobnicate", {"x"}, {"out"}, {}, "inner");
  branch.output("out");
  onnx::NodeProto& node = builder.node("If", {"c"}, {"y"}, {}, "choice");
  add_body(node, "then_branch", branch);
  add_body(node, "else_branch", branch);
  builder.output("y");
  CHECK_THROWS_WITH_AS(model_of(builder)->graph({}),
                       doctest::Contains("Frobnicate of opset 13 (nodes choice/then_branch/inner"),
                       Error);
  branch.model.mutable_graph()->mutable_node(0)->set_input(0, "nowhere");
  OnnxBuilder broken(13);
  broken.input("c", DType::boolean, {});
  add_body(broken.node("If", {"c"}, {"y"}, {}, "choice"), "then_branch", branch);
  broken.output("y");
  CHECK_THROWS_WITH_AS(model_of(broken), doctest::Contains("reads nowhere at node inner"), Error);
}
