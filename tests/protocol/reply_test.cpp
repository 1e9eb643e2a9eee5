#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "ampd/error.hpp"
#include "protocol/order.hpp"
#include "protocol/refusal.hpp"

using namespace ampd::protocol;
using ampd::Precision;

namespace {

Inspected inspected() {
  Inspected reply;
  reply.space.ops = {{"conv", "Conv", {Precision::fp32, Precision::bf16}, std::nullopt, 864},
                     {"fc", "Gemm", {Precision::fp32}, Precision::fp32, 640}};
  reply.space.other_weight_count = 12;
  reply.fingerprint = "onednn 2.6.3";
  reply.opset = 13;
  reply.inputs = {{"x", "float32", {-1, 3, 32, 32}, {"N", "", "", ""}}};
  reply.outputs = {{"y", "float32", {-1, 10}, {}}};
  reply.ops = {{"conv", "Conv", {Precision::fp32, Precision::bf16}, 1'000, 2'000, {"relu"}}};
  reply.unsupported = {"Foo (opset 13): a, b"};
  reply.external_files = {"weights/conv.bin"};
  return reply;
}

std::vector<Reply> every_reply() {
  return {Progress{3, 10, 300, 0.5},
          Progress{0, 0, 0, std::nullopt},
          Checkpoint{{{"batch", 4}, {"sums", {1, 2}}}},
          Stopped{},
          inspected(),
          Evaluated{{{0.8171, 12, 34}, {0.5, 6, 17}}, 10'000, 1.5, "onednn"},
          Measured{{10, 9, 11}, {20, 20, 20}},
          Exported{100},
          Hashed{{std::string(64, 'a'), std::string(64, '0')}},
          Executed{{{"y", "float32", {1, 10}, {}}, {"z", "int64", {}, {}}}},
          Benched{{5, 4, 6},
                  {2, 350, 175, std::nullopt, 20, 15, 17.5},
                  12.5,
                  {{"conv", "Conv", "brgconv", "bfloat16", 0.25, 100, 200}}},
          Validated{CaseStatus::unsupported, "no Foo", std::nullopt},
          Validated{CaseStatus::passed, "", 1e-6},
          Failed{ampd::ErrorCode::unsupported, "no kernel"},
          Planned{{{"baseline", 1, 0, 1, 0.5}, {"fallback", 12, 1, 2, 7.25}},
                  "max_trials",
                  true,
                  54,
                  0.125,
                  1.5,
                  1 << 20,
                  7,
                  2.5},
          Examined{"onednn",
                   {{ampd::Precision::fp32, ""}, {ampd::Precision::bf16, "avx512_core", true}},
                   {{1, 175, std::nullopt, 700, 10, 8, 9}},
                   true,
                   false,
                   "2000"}};
}

std::string complaint(const nlohmann::json& json) {
  return refusal([&] { parse_reply(json.dump()); });
}

}  // namespace

TEST_CASE("every reply survives its text") {
  for (const Reply& reply : every_reply()) {
    const std::string text = encode(reply);
    CAPTURE(text);
    const Reply back = parse_reply(text);
    CHECK(back.index() == reply.index());
    CHECK(encode(back) == text);
  }
  const auto back = std::get<Inspected>(parse_reply(encode(Reply(inspected()))));
  CHECK(back.space == inspected().space);
  CHECK(back.inputs.front().shape == std::vector<std::int64_t>{-1, 3, 32, 32});
  CHECK(back.ops.front().absorbed == std::vector<std::string>{"relu"});
  CHECK(back.external_files == inspected().external_files);
}

TEST_CASE("an accuracy that is not a number arrives as such") {
  const Reply reply = Evaluated{{{std::nan("")}}, 1, 0, ""};
  CHECK(std::isnan(std::get<Evaluated>(parse_reply(encode(reply))).verdicts.at(0).accuracy));
}

TEST_CASE("impossible replies are refused by field") {
  struct Row {
    std::size_t index;
    const char* pointer;
    nlohmann::json value;
    const char* field;
  };
  const std::vector<Row> rows{
      {0, "/batches_done", 11, "reply.batches_done"},
      {0, "/samples_done", -1, "reply.samples_done"},
      {0, "/accuracy", "nan", "reply.accuracy"},
      {4, "/space/ops/1/precisions/0", "fp64", "reply.space.ops[1].precisions[0]"},
      {4, "/space/ops/0/weight_count", -1, "reply.space.ops[0].weight_count"},
      {4, "/inputs/0/shape/0", -2, "reply.inputs[0].shape[0]"},
      {4, "/opset", 4'294'967'296, "reply.opset"},
      {5, "/seconds", -1.0, "reply.seconds"},
      {5, "/seconds", "0x7ff8000000000000", "reply.seconds"},
      {5, "/samples", 1.0, "reply.samples"},
      {5, "/verdicts/1/model_bytes", -1, "reply.verdicts[1].model_bytes"},
      {6, "/config/median_ns", -10, "reply.config.median_ns"},
      {6, "/config/p10_ns", 11, "reply.config.p10_ns"},
      {6, "/baseline/p90_ns", 19, "reply.baseline.p90_ns"},
      {11, "/status", "skipped", "reply.status"},
      {13, "/code", "fine", "reply.code"},
      {13, "/more", 1, "reply.more"},
      {14, "/end", "goal_met", "reply.end"},
      {14, "/is_timed", 1, "reply.is_timed"},
      {14, "/memory_bytes", -1, "reply.memory_bytes"},
      {14, "/latency_seconds", -0.5, "reply.latency_seconds"},
      {14, "/preparation_seconds", "nan", "reply.preparation_seconds"},
      {14, "/stages/0/stage", "last", "reply.stages[0].stage"},
      {14, "/stages/1/reused", 13, "reply.stages[1].reused"},
      {14, "/stages/1/passes", -1, "reply.stages[1].passes"},
      {14, "/stages/1/seconds", nullptr, "reply.stages[1].seconds"}};
  for (const Row& row : rows) {
    nlohmann::json json = nlohmann::json::parse(encode(every_reply()[row.index]));
    json[nlohmann::json::json_pointer(row.pointer)] = row.value;
    const std::string field = row.field;
    CAPTURE(field);
    CHECK(complaint(json).find("\"" + field + "\"") != std::string::npos);
  }
}

TEST_CASE("a final reply answers the order of its kind alone") {
  Evaluate evaluate;
  evaluate.configs.resize(2);
  const std::vector<Order> orders{Inspect{}, evaluate, Measure{},  Export{}, Hash{{"/a", "/b"}},
                                  Execute{}, Bench{},  Validate{}, Plan{}};
  for (const Reply& reply : every_reply()) {
    const bool to_any = !is_final(reply) || std::holds_alternative<Stopped>(reply) ||
                        std::holds_alternative<Failed>(reply);
    for (const Order& order : orders) {
      CHECK(answers(reply, order) == (to_any || reply.index() == order.index() + 3));
    }
  }
  CHECK(!answers(Evaluated{}, orders[1]));
  CHECK(!answers(Evaluated{{{}, {}, {}}, 1, 1, ""}, orders[1]));
  CHECK(!answers(Hashed{{std::string(64, 'a')}}, orders[4]));
  CHECK(!answers(Hashed{{std::string(64, 'a'), std::string(64, 'G')}}, orders[4]));
  CHECK(!answers(Hashed{{std::string(64, 'a'), std::string(63, 'a')}}, orders[4]));
}

TEST_CASE("files travel with what was exported and executed") {
  CHECK(descriptor_count(Exported{}) == 1);
  CHECK(descriptor_count(every_reply()[9]) == 2);
  CHECK(descriptor_count(Stopped{}) == 0);
}

TEST_CASE("a failure may quote foreign bytes") {
  const Reply reply = Failed{ampd::ErrorCode::invalid, "bad name \xff"};
  CHECK(std::get<Failed>(parse_reply(encode(reply))).sentence == "bad name \xef\xbf\xbd");
}

TEST_CASE("damaged replies are parsed or refused, nothing else") {
  std::mt19937_64 random(5);
  const std::vector<Reply> replies = every_reply();
  for (int round = 0; round < 30'000; ++round) {
    std::string text = encode(replies[random() % replies.size()]);
    const std::size_t at = random() % text.size();
    if (round % 3 == 0) {
      text.resize(at);
    } else if (round % 3 == 1) {
      text[at] = static_cast<char>(random());
    } else {
      text.insert(at, text.substr(random() % text.size(), random() % 24));
    }
    try {
      encode(parse_reply(text));
    } catch (const ampd::Error&) {
    }
  }
}
