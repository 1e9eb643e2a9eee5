#include "engine/merging.hpp"

#include "graph_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

const Attributes same_size{{"pads", Integers{1, 1, 1, 1}}};

/// Convolutions in a row, each second one with the sum of what came two before it.
Graph chain(int length, bool has_sums = true) {
  constexpr std::int64_t channels = 16;
  GraphBuilder builder;
  ValueId x = builder.input("x", {2, channels, 8, 8});
  ValueId before = x;
  for (int i = 0; i < length; ++i) {
    const ValueId next = builder.node(
        "Conv", {x, builder.weights({channels, channels, 3, 3}), builder.weights({channels})},
        same_size);
    if (has_sums && i % 2 == 1) builder.post_op(PostOp::Kind::sum, before);
    builder.post_op("Relu");
    before = i % 2 == 1 ? next : before;
    x = next;
  }
  return builder.finish(x);
}

/// Two branches from one value that meet in a sum, then a product.
Graph branches() {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {2, 8, 8, 8});
  const ValueId a = builder.node("Conv", {x, builder.weights({8, 8, 3, 3})}, same_size);
  builder.post_op("Relu");
  const ValueId b = builder.node("Conv", {a, builder.weights({8, 8, 1, 1})});
  const ValueId c = builder.node("Conv", {a, builder.weights({8, 8, 3, 3})}, same_size);
  const ValueId d = builder.node("Add", {b, c});
  const ValueId flat = builder.node("Flatten", {builder.node("Relu", {d})});
  return builder.finish(builder.node("Gemm", {flat, builder.weights({512, 10})}));
}

std::vector<std::string> tunable(const Graph& graph) {
  std::vector<std::string> names;
  for (const auto& node : graph.nodes) {
    if (offered_precisions(graph, node).size() > 1) names.push_back(node.name);
  }
  return names;
}

/// All operators low, and each with one of them back in fp32, the last one first.
std::vector<Assignment> fallbacks(const Graph& graph) {
  std::vector<Assignment> assignments{all_in(graph, Precision::bf16)};
  std::vector<std::string> names = tunable(graph);
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    assignments.push_back(assignments.front());
    assignments.back()[*name] = Precision::fp32;
  }
  return assignments;
}

std::vector<Assignment> every_assignment(const Graph& graph) {
  const std::vector<std::string> names = tunable(graph);
  std::vector<Assignment> assignments;
  for (unsigned bits = 0; bits < 1U << names.size(); ++bits) {
    Assignment& assignment = assignments.emplace_back();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if ((bits >> i & 1U) != 0) assignment[names[i]] = Precision::bf16;
    }
  }
  return assignments;
}

void check_like_alone(const Graph& graph, const std::vector<Assignment>& assignments) {
  const auto weights = make_weight_cache();
  for (const unsigned seed : {1U, 2U}) {
    const Tensors inputs = random_inputs(graph, seed);
    const std::vector<Tensor> together = Program::merged(graph, assignments, weights).run(inputs);
    REQUIRE(together.size() == assignments.size() * graph.outputs.size());
    for (std::size_t k = 0; k < assignments.size(); ++k) {
      CAPTURE(k);
      const std::vector<Tensor> alone = run(graph, inputs, assignments[k]);
      for (std::size_t i = 0; i < alone.size(); ++i) {
        CHECK(std::ranges::equal(together[k * alone.size() + i].bytes(), alone[i].bytes()));
      }
    }
  }
}

bool lacks_bf16() {
  return !missing_feature(Precision::bf16).empty();
}

}  // namespace

TEST_CASE("each assignment of a merged program gives bit for bit what it gives alone") {
  if (lacks_bf16()) return;
  for (const Graph& graph : {chain(4), branches()}) {
    check_like_alone(graph, every_assignment(graph));
    check_like_alone(graph, fallbacks(graph));
  }
}

TEST_CASE("equal assignments and several outputs keep their places") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {4, 32});
  const ValueId a = builder.node("Gemm", {x, builder.weights({32, 32})});
  builder.output(a);
  const Graph graph = builder.finish(builder.node("Gemm", {a, builder.weights({32, 8})}));
  const Assignment fp32;
  const Assignment low = lacks_bf16() ? fp32 : all_in(graph, Precision::bf16);
  check_like_alone(graph, {low, fp32, low, fp32});
}

TEST_CASE("what assignments share is executed once") {
  if (lacks_bf16()) return;
  const Graph graph = chain(8, false);
  const auto weights = make_weight_cache();
  const auto convolutions = [&](const std::vector<Assignment>& assignments) {
    return count_steps(Program::merged(graph, assignments, weights).steps(), "Conv");
  };
  // All low: 8. An operator in fp32 is made anew with all that follow it, and so is the one before
  // it, which then need not round its result to bf16.
  CHECK(convolutions(fallbacks(graph)) == 8 + 8 * 9 / 2 + 7);
}

TEST_CASE("the memory of merged fallbacks does not grow with their number") {
  if (lacks_bf16()) return;
  const auto weights = make_weight_cache();
  const auto arena_bytes = [&](int length) {
    const Graph graph = chain(length);
    return Program::merged(graph, fallbacks(graph), weights).arena_bytes();
  };
  CHECK(arena_bytes(16) <= arena_bytes(8));
}

TEST_CASE("the walk leaves the common path where it branches first") {
  if (lacks_bf16()) return;
  const Graph graph = chain(4);
  // All low; then the 4th, 3rd, 2nd and 1st operator in fp32.
  const std::vector<std::size_t> order = sharing_order(graph, fallbacks(graph));
  CHECK(std::vector(order.begin(), order.begin() + 3) == std::vector<std::size_t>{4, 3, 2});
  CHECK(order.size() == 5);
  CHECK(sharing_order(graph, {}).empty());
}

TEST_CASE("as many assignments are merged as their cost allows, at least one") {
  if (lacks_bf16()) return;
  const Graph graph = chain(8);
  const auto weights = make_weight_cache();
  const std::vector<Assignment> assignments = fallbacks(graph);
  const auto count = [&](double cost_max) {
    return affordable_count(graph, assignments, weights, cost_max);
  };
  CHECK(count(0) == 1);
  CHECK(count(1) == 1);
  CHECK(count(2) > 1);
  CHECK(count(2) < count(4));
  CHECK(count(100) == assignments.size());
}
