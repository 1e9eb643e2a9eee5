#include <thread>

#include "ampd/error.hpp"
#include "engine/lowering.hpp"
#include "graph_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

/// Two blocks with a residual, a pool and a product: tunable and following operators.
Graph network(std::int64_t batch = 2) {
  GraphBuilder builder("network");
  const Attributes pads{{"pads", Integers{1, 1, 1, 1}}};
  const ValueId x = builder.input("x", {batch, 3, 12, 12});
  const ValueId a =
      builder.node("Conv", {x, builder.weights({16, 3, 3, 3}), builder.weights({16})}, pads);
  builder.post_op("Relu");
  const ValueId b =
      builder.node("Conv", {a, builder.weights({16, 16, 3, 3}), builder.weights({16})}, pads);
  builder.post_op("Relu");
  const ValueId c =
      builder.node("Conv", {b, builder.weights({16, 16, 3, 3}), builder.weights({16})}, pads);
  builder.post_op(PostOp::Kind::sum, a);
  builder.post_op("Relu");
  const ValueId d =
      builder.node("MaxPool", {c}, {{"kernel_shape", Integers{2, 2}}, {"strides", Integers{2, 2}}});
  const ValueId flat = builder.node("Flatten", {d});
  const ValueId e =
      builder.node("Gemm", {flat, builder.weights({16 * 36, 10}), builder.weights({10})});
  return builder.finish(builder.node("Softmax", {e}));
}

const std::vector<std::string> tunable{"Conv_0", "Conv_1", "Conv_2", "Gemm_5"};

Assignment assignment_of(unsigned bits) {
  Assignment assignment;
  for (std::size_t i = 0; i < tunable.size(); ++i) {
    assignment[tunable[i]] = (bits >> i & 1U) != 0 ? Precision::bf16 : Precision::fp32;
  }
  return assignment;
}

unsigned last_assignment() {
  return missing_feature(Precision::bf16).empty() ? 15 : 0;
}

bool is_equal(const Tensor& a, const Tensor& b) {
  return std::ranges::equal(a.bytes(), b.bytes());
}

std::string complaint(const Graph& graph, const Tensors& inputs, ErrorCode code) {
  try {
    run(graph, inputs);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("every assignment gives nearly the same result") {
  const Graph graph = network();
  const Tensors inputs = random_inputs(graph);
  const Tensor expected = reference(graph, inputs)[0];
  for (unsigned bits = 0; bits <= last_assignment(); ++bits) {
    CAPTURE(bits);
    const double error = relative_error(run(graph, inputs, assignment_of(bits))[0], expected);
    CHECK(error < (bits == 0 ? 1e-5 : 0.05));
  }
}

TEST_CASE("bits are equal from run to run, and whatever other programs there are") {
  const Graph graph = network();
  const Tensors inputs = random_inputs(graph);
  const Tensors others = random_inputs(graph, 9);
  std::vector<Tensor> alone;
  for (unsigned bits = 0; bits <= last_assignment(); ++bits) {
    alone.push_back(run(graph, inputs, assignment_of(bits))[0]);
  }
  const auto weights = make_weight_cache();
  std::vector<Program> programs;
  for (unsigned bits = 0; bits <= last_assignment(); ++bits) {
    programs.emplace_back(graph, assignment_of(bits), weights);
  }
  for (int round = 0; round < 3; ++round) {
    for (unsigned bits = 0; bits <= last_assignment(); ++bits) {
      CAPTURE(bits);
      programs[bits].run(others);
      CHECK(is_equal(programs[bits].run(inputs)[0], alone[bits]));
    }
  }
}

TEST_CASE("assignments that are lowered together share what they have in common") {
  if (!missing_feature(Precision::bf16).empty()) return;
  const Graph graph = network();
  const auto weights = std::make_shared<WeightCache>();
  const auto steps_for = [&](const std::vector<unsigned>& list) {
    Lowering lowering(graph, *weights);
    for (const unsigned bits : list) lowering.add(assignment_of(bits));
    return lowering.take_steps().size();
  };
  const std::size_t single = steps_for({15});
  CHECK(steps_for({15, 15}) == single);
  // Only the last operator differs, and what it reads and makes.
  CHECK(steps_for({15, 7}) <= single + 6);
  CHECK(steps_for({15, 0}) > single + 6);
}

TEST_CASE("weights are reordered once for all programs of a model") {
  const Graph graph = network();
  const auto weights = make_weight_cache();
  const Program first(graph, {}, weights);
  const Program second(graph, {}, weights);
  CHECK(first.weights_bytes() == second.weights_bytes());
  CHECK(first.weights_bytes() >= 4 * (16 * 3 * 9 + 2 * 16 * 16 * 9 + 16 * 36 * 10));
  if (missing_feature(Precision::bf16).empty()) {
    const Program low(graph, assignment_of(15), weights);
    CHECK(low.weights_bytes() < first.weights_bytes());
    CHECK(low.arena_bytes() < first.arena_bytes());
  }
}

TEST_CASE("programs of other shapes run side by side with shared weights") {
  const auto weights = make_weight_cache();
  for (const std::int64_t batch : {1, 3, 2}) {
    const Graph graph = network(batch);
    const Tensors inputs = random_inputs(graph);
    Program program(graph, {}, weights);
    CHECK(worst_ratio(program.run(inputs)[0], reference(graph, inputs)[0], 1e-4, 1e-5) <= 1);
  }
}

TEST_CASE("a batch gives each sample what it gets alone, to rounding") {
  const Graph one = network(1);
  const Graph two = network(2);
  const Tensors inputs = random_inputs(two);
  const Tensor both = run(two, inputs)[0];
  for (std::size_t i = 0; i < 2; ++i) {
    const auto all = inputs.at("x").values<float>();
    const auto part = all.subspan(i * all.size() / 2, all.size() / 2);
    const Tensor single =
        run(one, {{"x", Tensor::of<float>({1, 3, 12, 12}, {part.begin(), part.end()})}})[0];
    for (std::size_t k = 0; k < 10; ++k) {
      CHECK(both.values<float>()[i * 10 + k] == doctest::Approx(single.values<float>()[k]));
    }
  }
}

TEST_CASE("a program outlives its graph") {
  std::unique_ptr<Program> program;
  Tensors inputs;
  Tensor expected;
  {
    GraphBuilder builder;
    const ValueId x = builder.input("x", {2, 8});
    // Erf has no kernel in oneDNN, Gather reads a constant.
    const ValueId y = builder.node("Erf", {builder.node("Gemm", {x, builder.weights({8, 8})})});
    const ValueId z = builder.node("Gather", {builder.weights({5, 8}), builder.integers({3, 1})});
    const Graph graph = builder.finish(builder.node("Add", {y, z}));
    inputs = random_inputs(graph);
    expected = reference(graph, inputs)[0];
    program = std::make_unique<Program>(graph, Assignment{}, make_weight_cache());
  }
  CHECK(worst_ratio(program->run(inputs)[0], expected, 1e-4, 1e-5) <= 1);
}

TEST_CASE("a program runs on any thread with the number of threads that was set") {
  const Graph graph = network();
  const Tensors inputs = random_inputs(graph);
  Program program(graph, {}, make_weight_cache());
  const Tensor here = program.run(inputs)[0];
  Tensor there;
  std::thread([&] { there = program.run(inputs)[0]; }).join();
  CHECK(is_equal(here, there));
}

TEST_CASE("lanes run a program at the same time, each with the bits that it gives alone") {
  const Graph graph = network();
  const ThreadScope scope(1);
  Program program(graph, assignment_of(last_assignment()), make_weight_cache());
  std::vector<Tensors> inputs;
  std::vector<Tensor> expected;
  for (unsigned lane = 0; lane < 4; ++lane) {
    inputs.push_back(random_inputs(graph, lane));
    expected.push_back(program.run(inputs.back())[0]);
  }
  CHECK(program.held_bytes() == program.arena_bytes());
  std::vector<std::thread> threads;
  std::vector<int> equal(inputs.size(), 0);
  for (std::size_t lane = 0; lane < inputs.size(); ++lane) {
    threads.emplace_back([&, lane] {
      for (int round = 0; round < 100; ++round) {
        equal[lane] += is_equal(program.run(inputs[lane], lane)[0], expected[lane]) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(equal == std::vector(inputs.size(), 100));
  CHECK(program.held_bytes() == 4 * program.arena_bytes());
}

TEST_CASE("profile gives a time for every step") {
  const Graph graph = network();
  Program program(graph, {}, make_weight_cache());
  const auto steps = program.profile(random_inputs(graph));
  REQUIRE(steps.size() == program.steps().size());
  std::int64_t flops = 0;
  for (const StepReport& step : steps) {
    CHECK(step.milliseconds > 0);
    CHECK(step.bytes > 0);
    flops += step.type == "Conv" ? step.flops : 0;
  }
  CHECK(flops == 2 * 2 * 144 * 16 * 9 * (3 + 16 + 16));
}

TEST_CASE("inputs that are missing, unknown or of another form are named") {
  const Graph graph = network();
  Tensors inputs = random_inputs(graph);
  CHECK(complaint(graph, {}, ErrorCode::invalid).find("input x is not given") != std::string::npos);
  inputs.emplace("y", Tensor());
  CHECK(complaint(graph, inputs, ErrorCode::invalid).find("no input y") != std::string::npos);
  const std::string wrong =
      complaint(graph, {{"x", Tensor(DType::i64, {2, 3, 12, 12})}}, ErrorCode::invalid);
  CHECK(wrong.find("int64") != std::string::npos);
  CHECK(complaint(graph, {{"x", Tensor(DType::f32, {1, 3, 12, 12})}}, ErrorCode::invalid)
            .find("2x3x12x12") != std::string::npos);
}

TEST_CASE("all operators that cannot be executed are named at once") {
  Graph graph = network();
  for (const std::size_t index : {std::size_t{3}, std::size_t{6}}) {
    graph.nodes[index].op_type = "Mystery";
    graph.nodes[index].domain = "com.example";
  }
  CHECK(unsupported_ops(graph) == std::vector<std::string>{"MaxPool_3", "Softmax_6"});
  const std::string sentence = complaint(graph, random_inputs(graph), ErrorCode::unsupported);
  CHECK(sentence.find("MaxPool_3 (com.example.Mystery), Softmax_6") != std::string::npos);
}
