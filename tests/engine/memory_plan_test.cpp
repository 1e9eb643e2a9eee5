#include "engine/memory_plan.hpp"

#include <random>

#include "graph_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

bool overlaps(const Life& a, std::int64_t a_at, const Life& b, std::int64_t b_at) {
  const bool in_time = a.first_step <= b.last_step && b.first_step <= a.last_step;
  const bool in_space = a_at < b_at + b.bytes && b_at < a_at + a.bytes;
  return in_time && in_space;
}

}  // namespace

TEST_CASE("values whose lives do not meet share bytes") {
  const Arena arena = arrange({{100, 0, 1}, {100, 2, 3}, {64, 1, 2}});
  CHECK(arena.offsets[0] == arena.offsets[1]);
  CHECK(arena.offsets[2] >= 100);
  CHECK(arena.bytes == 128 + 64);
  CHECK(arrange({}).bytes == 0);
}

TEST_CASE("no two values that live at once overlap, and offsets are aligned") {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<Life> lives;
    for (std::size_t i = 0; i < 1 + random() % 40; ++i) {
      const std::size_t first = random() % 20;
      lives.push_back({static_cast<std::int64_t>(random() % 5000), first, first + random() % 6});
    }
    const Arena arena = arrange(lives);
    for (std::size_t a = 0; a < lives.size(); ++a) {
      REQUIRE(arena.offsets[a] % 64 == 0);
      REQUIRE(arena.offsets[a] + lives[a].bytes <= arena.bytes);
      for (std::size_t b = 0; b < a; ++b) {
        REQUIRE_FALSE(overlaps(lives[a], arena.offsets[a], lives[b], arena.offsets[b]));
      }
    }
  }
}

TEST_CASE("a chain needs the memory of two values, however long it is") {
  const auto arena_bytes = [](int length) {
    GraphBuilder builder;
    ValueId x = builder.input("x", {1, 16, 8, 8});
    for (int i = 0; i < length; ++i) {
      x = builder.node("Conv", {x, builder.weights({16, 16, 3, 3})},
                       {{"pads", Integers{1, 1, 1, 1}}});
    }
    return Program(builder.finish(x), {}, make_weight_cache()).arena_bytes();
  };
  CHECK(arena_bytes(3) >= 2 * 16 * 8 * 8 * 4);
  CHECK(arena_bytes(12) == arena_bytes(3));
}

TEST_CASE("a step whose result nobody reads is not run") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {4, 4});
  builder.node("Sigmoid", {x});
  CHECK(steps_of(builder.finish(builder.node("Relu", {x}))).size() == 1);
}

TEST_CASE("an activation works in place where nobody reads its input afterwards") {
  GraphBuilder builder;
  ValueId x = builder.input("x", {1000});
  for (int i = 0; i < 5; ++i) x = builder.node("Tanh", {x});
  const ValueId y = builder.node("Relu", {x});
  const Program in_place(builder.finish(y), {}, make_weight_cache());
  // All lie in the bytes of the output.
  CHECK(in_place.arena_bytes() == 0);
}

TEST_CASE("work in place leaves what is read later as it was") {
  GraphBuilder builder;
  const ValueId x = builder.node("Sigmoid", {builder.input("x", {1000})});
  const ValueId y = builder.node("Tanh", {x});
  const ValueId z = builder.node("Relu", {y});
  const ValueId sum = builder.node("Add", {z, builder.node("Add", {x, y})});
  check_fp32(builder.finish(sum));
}
