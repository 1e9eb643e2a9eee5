#include <omp.h>

#include <cstdlib>
#include <optional>
#include <string_view>

#include "engine/onednn.hpp"
#include "graph_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

Graph product() {
  GraphBuilder builder;
  return builder.finish(
      builder.node("MatMul", {builder.input("x", {4, 16}), builder.weights({16, 8})}));
}

}  // namespace

TEST_CASE("the fingerprint names version, instruction set, threads and numerics") {
  const int before = omp_get_max_threads();
  set_threads(2);
  CHECK(fingerprint() == "onednn " + onednn::version() + ", isa " + onednn::effective_isa() +
                             ", threads 2, numerics 3");
  set_threads(1);
  CHECK(fingerprint().find("threads 1") != std::string::npos);
  set_threads(before);
}

TEST_CASE("a program keeps the threads of the scope that it is compiled in") {
  const int outside = threads();
  const Graph graph = product();
  std::optional<Program> program;
  {
    const ThreadScope scope(3);
    CHECK(threads() == 3);
    CHECK(fingerprint().find("threads 3") != std::string::npos);
    {
      const ThreadScope inner(1);
      CHECK(threads() == 1);
    }
    CHECK(threads() == 3);
    program.emplace(graph, Assignment{}, make_weight_cache());
  }
  CHECK(threads() == outside);
  program->run(random_inputs(graph));
  CHECK(threads() == outside);
}

TEST_CASE("a precision is offered exactly where no feature is missing for it") {
  const Graph graph = product();
  const std::vector<Precision> offered = offered_precisions(graph, graph.nodes[0]);
  REQUIRE_FALSE(offered.empty());
  CHECK(offered[0] == Precision::fp32);
  for (const Precision precision : all_precisions) {
    const bool is_offered = std::ranges::find(offered, precision) != offered.end();
    CHECK(is_offered == missing_feature(precision).empty());
  }
}

TEST_CASE("a processor held to AVX2 offers no bf16 and says which feature is missing") {
  const char* isa = std::getenv("ONEDNN_MAX_CPU_ISA");
  if (isa == nullptr || std::string_view(isa) != "AVX2") return;
  CHECK(onednn::effective_isa() == "avx2");
  CHECK(missing_feature(Precision::bf16) == "avx512_core");
  const Graph graph = product();
  CHECK(offered_precisions(graph, graph.nodes[0]) == std::vector{Precision::fp32});
}

TEST_CASE("bf16 is emulated where the instruction set has kernels for it and no instructions") {
  const std::string isa = onednn::effective_isa();
  CHECK(is_emulated(Precision::bf16) == (isa == "avx512_core" || isa == "avx512_core_vnni"));
  CHECK_FALSE(is_emulated(Precision::fp32));
}

TEST_CASE("operators that only follow are offered no precision of their own") {
  GraphBuilder builder;
  const Graph graph = builder.finish(builder.node("Relu", {builder.input("x", {4})}));
  CHECK(offered_precisions(graph, graph.nodes[0]).empty());
}

TEST_CASE("the cost of an operator counts its arithmetic and its bytes") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {2, 8, 6, 6});
  const ValueId y =
      builder.node("Conv", {x, builder.weights({16, 4, 3, 3})}, {{"group", std::int64_t{2}}});
  const ValueId up = builder.node("ConvTranspose", {y, builder.weights({16, 4, 2, 2})},
                                  {{"strides", Integers{2, 2}}});
  const ValueId flat = builder.node("Flatten", {builder.node("Relu", {up})});
  const Graph graph = builder.finish(builder.node("Gemm", {flat, builder.weights({256, 10})}));
  CHECK(cost(graph, graph.nodes[0]).flops == 2 * 2 * 16 * 4 * 4 * 4 * 9);
  CHECK(cost(graph, graph.nodes[0]).bytes == 4 * (2 * 8 * 36 + 16 * 4 * 9 + 2 * 16 * 16));
  CHECK(cost(graph, graph.nodes[1]).flops == 2 * (2 * 16 * 16) * 4 * 4);
  CHECK(cost(graph, graph.nodes[2]).flops == 2 * 4 * 64);
  CHECK(cost(graph, graph.nodes[3]).flops == 0);
  CHECK(cost(graph, graph.nodes[4]).flops == 2 * 2 * 256 * 10);
}
