#include "graph_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

/// A convolution before and after, so that values lie channels last between.
class Between {
 public:
  explicit Between(const Shape& shape) {
    const ValueId x = builder.input("x", shape);
    value = builder.node("Conv", {x, builder.weights({16, shape[1], 1, 1})});
  }

  Graph finish(ValueId id) {
    const auto channels = tensor::Shape(*builder.shape_of(id))[1];
    return builder.finish(builder.node("Conv", {id, builder.weights({8, channels, 1, 1})}));
  }

  GraphBuilder builder;
  ValueId value;
};

void check_all(const Graph& graph) {
  check_fp32(graph);
  if (!all_in(graph, Precision::bf16).empty()) check_bf16(graph, 1.0 / 64);
}

}  // namespace

TEST_CASE("a channel shuffle is one reorder and keeps channels last") {
  Between net({2, 8, 6, 6});
  const ValueId split =
      net.builder.node("Reshape", {net.value, net.builder.integers({2, 4, 4, 6, 6})});
  const ValueId turned =
      net.builder.node("Transpose", {split}, {{"perm", Integers{0, 2, 1, 3, 4}}});
  const ValueId joined = net.builder.node("Reshape", {turned, net.builder.integers({2, 16, 6, 6})});
  const Graph graph = net.finish(joined);
  check_all(graph);
  const auto steps = steps_of(graph);
  // The network's input, the shuffle and the network's output.
  CHECK(count_steps(steps, "reorder") == 3);
  CHECK(count_steps(steps, "Transpose") == 0);
  CHECK(steps.size() == 5);
}

TEST_CASE("flattening gives row-major order whatever the layout before") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {2, 4, 5, 3});
  const ValueId y = builder.node("Conv", {x, builder.weights({6, 4, 1, 1})});
  const ValueId flat = builder.node("Flatten", {y}, {{"axis", std::int64_t{1}}});
  check_all(builder.finish(builder.node("Gemm", {flat, builder.weights({90, 10})})));
}

TEST_CASE("flattening one pixel costs nothing") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {2, 4, 5, 3});
  const ValueId y = builder.node("Conv", {x, builder.weights({6, 4, 1, 1})});
  const ValueId mean = builder.node("GlobalAveragePool", {y});
  const ValueId flat = builder.node("Flatten", {mean}, {{"axis", std::int64_t{1}}});
  const Graph graph = builder.finish(builder.node("Gemm", {flat, builder.weights({6, 10})}));
  check_all(graph);
  CHECK(steps_of(graph).size() == 4);
}

TEST_CASE("an NHWC input that is transposed is not moved") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {2, 8, 8, 3});
  const ValueId y = builder.node("Transpose", {x}, {{"perm", Integers{0, 3, 1, 2}}});
  const Graph graph = builder.finish(builder.node("Conv", {y, builder.weights({8, 3, 3, 3})}));
  check_all(graph);
  CHECK(count_steps(steps_of(graph), "reorder") == 1);
}

TEST_CASE("Transpose permutes any rank and any type") {
  for (const DType dtype : {DType::f32, DType::i64, DType::boolean, DType::f16, DType::i16}) {
    GraphBuilder builder;
    const ValueId x = builder.input("x", {2, 3, 4, 5}, dtype);
    const ValueId y = builder.node("Transpose", {x}, {{"perm", Integers{3, 1, 0, 2}}});
    Graph graph = builder.finish(y);
    Tensor data(dtype, {2, 3, 4, 5});
    std::uint8_t next = 0;
    for (std::byte& byte : data.mutable_bytes())
      byte = std::byte{static_cast<std::uint8_t>(next++ & 1)};
    check_fp32(graph, {{"x", data}});
  }
}

TEST_CASE("Concat joins along any axis, channels last and row-major") {
  for (const std::int64_t axis : {1, 2, 3, -1}) {
    CAPTURE(axis);
    Between net({2, 8, 6, 6});
    const ValueId other = net.builder.node("Relu", {net.value});
    const ValueId joined =
        net.builder.node("Concat", {net.value, other, net.value}, {{"axis", axis}});
    check_all(net.finish(joined));
  }
  GraphBuilder builder;
  const ValueId a = builder.input("a", {2, 3});
  const ValueId b = builder.input("b", {2, 0});
  const ValueId c = builder.input("c", {2, 4});
  check_fp32(builder.finish(builder.node("Concat", {a, b, c}, {{"axis", std::int64_t{1}}})));
}

TEST_CASE("Concat of what the caller gave and what is computed") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {1, 4, 6, 6});
  const ValueId y = builder.node("Conv", {x, builder.weights({4, 4, 1, 1})});
  const ValueId joined = builder.node("Concat", {x, y}, {{"axis", std::int64_t{1}}});
  check_all(builder.finish(builder.node("Conv", {joined, builder.weights({4, 8, 1, 1})})));
}

TEST_CASE("Slice and Split are views that later steps read") {
  Between net({2, 8, 6, 6});
  const ValueId part = net.builder.node(
      "Slice", {net.value, net.builder.integers({1, -6, 0}), net.builder.integers({9, 100, 6}),
                net.builder.integers({1, 2, 3}), net.builder.integers({1, 1, 2})});
  check_all(net.finish(part));

  Between other({2, 8, 6, 6});
  const auto parts = other.builder.nodes("Split", {other.value, other.builder.integers({6, 10})},
                                         {{"axis", std::int64_t{1}}}, 2);
  const ValueId turned =
      other.builder.node("Concat", {parts[1], parts[0]}, {{"axis", std::int64_t{1}}});
  check_all(other.finish(turned));
}

TEST_CASE("Gather of one place is a view") {
  for (const Shape& form : {Shape{}, Shape{1}, Shape{1, 1}}) {
    for (const std::int64_t axis : {0, 1, -1}) {
      CAPTURE(axis);
      Between net({2, 8, 6, 6});
      const ValueId index = net.builder.constant(Tensor::of<std::int64_t>(form, {-1}));
      const ValueId place = net.builder.node("Gather", {net.value, index}, {{"axis", axis}});
      const Graph graph = net.builder.finish(net.builder.node("Relu", {place}));
      check_all(graph);
      CHECK(count_steps(steps_of(graph), "Gather") == 0);
    }
  }
  GraphBuilder builder;
  const ValueId x = builder.input("x", {3, 5}, DType::i64);
  const ValueId index = builder.constant(Tensor::of<std::int32_t>({}, {2}));
  check_fp32(builder.finish(builder.node("Gather", {x, index})));
}

TEST_CASE("a Slice that goes backwards runs too") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {3, 10});
  check_fp32(
      builder.finish(builder.node("Slice", {x, builder.integers({-1}), builder.integers({-100}),
                                            builder.integers({1}), builder.integers({-2})})));
}

TEST_CASE("DepthToSpace and SpaceToDepth move blocks") {
  for (const char* mode : {"DCR", "CRD"}) {
    Between net({2, 8, 6, 6});
    const ValueId wide = net.builder.node(
        "DepthToSpace", {net.value}, {{"blocksize", std::int64_t{2}}, {"mode", std::string(mode)}});
    check_all(net.finish(wide));
  }
  Between net({2, 8, 6, 6});
  const ValueId deep =
      net.builder.node("SpaceToDepth", {net.value}, {{"blocksize", std::int64_t{3}}});
  check_all(net.finish(deep));
}

TEST_CASE("an output may be an input, a constant, a view or another output") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {2, 6});
  const ValueId constant = builder.weights({3, 2});
  const ValueId y = builder.node("Relu", {x});
  const ValueId view = builder.node("Reshape", {y, builder.integers({3, 4})});
  const ValueId same = builder.node("Identity", {x});
  for (const ValueId id : {x, constant, y, view, same, y}) builder.output(id);
  check_fp32(builder.finish());
}
