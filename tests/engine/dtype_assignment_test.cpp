#include "engine/dtype_assignment.hpp"

#include "ampd/error.hpp"
#include "recurrence_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

constexpr Precision bf16 = Precision::bf16;

bool has_bf16() {
  return missing_feature(bf16).empty();
}

ValueId conv(GraphBuilder& builder, ValueId x) {
  return builder.node("Conv", {x, builder.weights({16, 16, 1, 1})});
}

/// conv 0 -> conv 1 -> conv 2
Graph chain() {
  GraphBuilder builder;
  ValueId x = builder.input("x", {1, 16, 4, 4});
  for (int i = 0; i < 3; ++i) x = conv(builder, x);
  return builder.finish(x);
}

std::size_t casts(const Graph& graph, const Assignment& assignment) {
  std::size_t count = 0;
  for (const StepReport& step : steps_of(graph, assignment)) {
    count += step.type == "reorder" && step.source_dtype != step.destination_dtype ? 1 : 0;
  }
  return count;
}

std::string stored(const Graph& graph, const Assignment& assignment) {
  std::string text;
  for (const NodeDtypes& dtypes : assign_dtypes(graph, assignment)) {
    text += dtypes.outputs.at(0) == DType::bf16 ? 'b' : 'f';
  }
  return text;
}

}  // namespace

TEST_CASE("a value is stored in bf16 where somebody reads it so, else in f32") {
  if (!has_bf16()) return;
  CHECK(stored(chain(), {}) == "fff");
  CHECK(stored(chain(), {{"Conv_0", bf16}, {"Conv_1", bf16}, {"Conv_2", bf16}}) == "bbf");
  CHECK(stored(chain(), {{"Conv_0", bf16}}) == "fff");
  CHECK(stored(chain(), {{"Conv_1", bf16}}) == "fff");
  CHECK(stored(chain(), {{"Conv_0", bf16}, {"Conv_1", bf16}}) == "bff");
}

TEST_CASE("going up from bf16 costs no cast, going down costs one") {
  if (!has_bf16()) return;
  CHECK(casts(chain(), {}) == 0);
  // The network's input is always f32: its cast is one with the change of its layout.
  CHECK(casts(chain(), {{"Conv_0", bf16}}) == 1);
  CHECK(casts(chain(), {{"Conv_1", bf16}}) == 1);
  CHECK(casts(chain(), {{"Conv_0", bf16}, {"Conv_2", bf16}}) == 2);
  CHECK(casts(chain(), {{"Conv_0", bf16}, {"Conv_1", bf16}, {"Conv_2", bf16}}) == 1);
}

TEST_CASE("readers of one value in another type share its cast") {
  if (!has_bf16()) return;
  GraphBuilder builder;
  const ValueId x = conv(builder, builder.input("x", {1, 16, 4, 4}));
  ValueId sum = conv(builder, x);
  for (int i = 0; i < 3; ++i) sum = builder.node("Add", {sum, conv(builder, x)});
  const Graph graph = builder.finish(sum);
  CHECK(casts(graph, {{"Conv_1", bf16}, {"Conv_2", bf16}}) == 1);
  CHECK(casts(graph, {{"Conv_0", bf16}, {"Conv_1", bf16}, {"Conv_2", bf16}}) == 2);
}

TEST_CASE("each result of an LSTM is stored as it is read, its memory in f32") {
  if (!has_bf16()) return;
  GraphBuilder builder;
  const Recurrence first;
  const std::vector<ValueId> made = first.add_to(builder, builder.input("x", first.source_shape()));
  const ValueId rows = builder.node("Squeeze", {made[0], builder.integers({1})});
  builder.output(builder.node("MatMul", {rows, builder.weights({8, 8})}));
  builder.output(builder.node("MatMul", {made[2], builder.weights({8, 8})}));
  builder.output(made[1]);
  const Graph graph = builder.finish();
  const auto outputs = assign_dtypes(graph, all_in(graph, bf16)).front().outputs;
  CHECK(outputs == std::vector<DType>{DType::bf16, DType::f32, DType::f32});
  CHECK(casts(graph, all_in(graph, bf16)) == 3);  // of x, of the last state, of the memory
}

TEST_CASE("what follows works in bf16 between bf16 and in f32 before f32") {
  if (!has_bf16()) return;
  GraphBuilder builder;
  const ValueId x = conv(builder, builder.input("x", {1, 16, 4, 4}));
  const ValueId y =
      builder.node("Sigmoid", {builder.node("MaxPool", {x}, {{"kernel_shape", Integers{2, 2}}})});
  const Graph graph = builder.finish(conv(builder, y));
  CHECK(stored(graph, {{"Conv_0", bf16}, {"Conv_3", bf16}}) == "bbbf");
  CHECK(stored(graph, {{"Conv_0", bf16}}) == "ffff");
  CHECK(stored(graph, {{"Conv_3", bf16}}) == "ffff");
  CHECK(casts(graph, {{"Conv_0", bf16}}) == 1);
}

TEST_CASE("where bf16 and f32 meet, what follows works in f32") {
  if (!has_bf16()) return;
  GraphBuilder builder;
  const ValueId x = builder.input("x", {1, 16, 4, 4});
  const ValueId y =
      builder.node("Concat", {conv(builder, x), conv(builder, x)}, {{"axis", std::int64_t{1}}});
  const Graph graph = builder.finish(builder.node("Conv", {y, builder.weights({16, 32, 1, 1})}));
  CHECK(stored(graph, {{"Conv_0", bf16}, {"Conv_3", bf16}}) == "ffff");
  CHECK(stored(graph, {{"Conv_0", bf16}, {"Conv_1", bf16}, {"Conv_3", bf16}}) == "bbbf");
}

TEST_CASE("an operator that stays in fp32 reads and makes f32") {
  if (!has_bf16()) return;
  GraphBuilder builder;
  const ValueId x = conv(builder, builder.input("x", {1, 16, 4, 4}));
  const ValueId y = builder.node("Sqrt", {builder.node("Relu", {x})});
  const Graph graph = builder.finish(conv(builder, y));
  CHECK(stored(graph, {{"Conv_0", bf16}, {"Conv_3", bf16}}) == "ffff");
}

TEST_CASE("the assignment alone decides, not what the file stores") {
  Graph graph = chain();
  graph.nodes[1].stored_precision = bf16;
  CHECK(precision_of(graph, graph.nodes[1], {}) == Precision::fp32);
  CHECK(precision_of(graph, graph.nodes[1], {{"Conv_1", Precision::fp32}}) == Precision::fp32);
}

TEST_CASE("a precision that is not offered is refused by name") {
  GraphBuilder builder;
  const ValueId x = conv(builder, builder.input("x", {1, 16, 4, 4}));
  const Graph graph = builder.finish(builder.node("Relu", {x}));
  for (const auto& [name, precision] :
       {std::pair{"Conv_0", Precision::int8}, std::pair{"Relu_1", bf16}}) {
    try {
      run(graph, random_inputs(graph), {{name, precision}});
      FAIL("the precision was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::unsupported);
      CHECK(std::string(error.what()).find(name) != std::string::npos);
      CHECK(std::string(error.what()).find(to_string(precision)) != std::string::npos);
    }
  }
}

TEST_CASE("names that the graph does not have are ignored") {
  const Graph graph = chain();
  CHECK(assign_dtypes(graph, {{"folded", bf16}}) == assign_dtypes(graph, {}));
}
