#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <vector>

#include "ampd/error.hpp"
#include "protocol/order.hpp"
#include "protocol/refusal.hpp"

using namespace ampd::protocol;
using ampd::Precision;

namespace {

const ModelReference model{"/state/model", "/home/u", "net.onnx"};

std::vector<Request> every_request() {
  ampd::job::Job job;
  job.name = "resnet";
  job.folder = "/home/u";
  job.model_path = "/home/u/net.onnx";
  job.evaluation = ampd::job::CommandEvaluation{{"./score.sh"}, 5};
  job.threads = 2;
  const Precisions precisions{{"conv_1", Precision::bf16}, {"fc", Precision::fp32}};
  const Inputs inputs{{{"x", "/tmp/x.npy"}}, {{"x", {1, 3, 224, 224}}, {"y", {}}}};
  return {Order{Inspect{model, Precision::int8, inputs, job}},
          Order{Evaluate{model, job, {precisions, {}}, 2.5, 1 << 30, std::nullopt}},
          Order{Evaluate{model, job, {{}}, 1, 0, nlohmann::json{{"batch", 3}}}},
          Order{Measure{model, job, precisions}},
          Order{Export{model, job, precisions, "bf16"}},
          Order{Hash{{"/a", "/b c"}}},
          Order{Execute{model, inputs, Precision::bf16}},
          Order{Execute{model, {}, precisions}},
          Order{Bench{model, inputs, precisions, 1, 7}},
          Order{Validate{"/cases/a", Precision::bf16, 1e-3, 0}},
          Order{Plan{model, job, 1 << 30, 64}},
          Order{Examine{}},
          Stop{}};
}

std::string complaint(const std::string& text) {
  return refusal([&] { parse_request(text); });
}

}  // namespace

TEST_CASE("every request survives its text") {
  for (const Request& request : every_request()) {
    const std::string text = encode(request);
    CAPTURE(text);
    const Request back = parse_request(text);
    CHECK(back.index() == request.index());
    CHECK(encode(back) == text);
  }
}

TEST_CASE("the fields of a request arrive") {
  const auto order = std::get<Order>(parse_request(encode(every_request()[1])));
  const auto& evaluate = std::get<Evaluate>(order);
  CHECK(evaluate.model.path == model.path);
  CHECK(evaluate.model.folder == model.folder);
  CHECK(evaluate.model.name == model.name);
  CHECK(evaluate.job.threads == 2);
  CHECK(evaluate.configs.at(0).at("conv_1") == Precision::bf16);
  CHECK(evaluate.configs.size() == 2);
  CHECK(evaluate.cost_max == 2.5);
  CHECK(evaluate.memory_bytes_max == 1 << 30);
  CHECK(!evaluate.checkpoint);

  const auto bench = std::get<Bench>(std::get<Order>(parse_request(encode(every_request()[8]))));
  CHECK(bench.warmup == 1);
  CHECK(bench.rounds == 7);
  CHECK(bench.inputs.files.at("x") == "/tmp/x.npy");
  CHECK(bench.inputs.shapes.at("x") == std::vector<std::int64_t>{1, 3, 224, 224});
  CHECK(std::get<Precisions>(bench.precisions).size() == 2);
}

TEST_CASE("a request with any field missing, added or of another type is refused") {
  int refused = 0;
  const std::vector<nlohmann::json> wrong{nullptr,   true, -1, 1.5, "?", nlohmann::json::array({0}),
                                          {{"x", 0}}};
  const std::function<void(const nlohmann::json&, const nlohmann::json::json_pointer&)> spoil =
      [&](const nlohmann::json& whole, const nlohmann::json::json_pointer& at) {
        const auto expect_refusal = [&](const nlohmann::json& spoilt) {
          CAPTURE(spoilt.dump());
          CHECK(complaint(spoilt.dump()).find("request") != std::string::npos);
          ++refused;
        };
        for (const auto& [key, value] : whole.at(at).items()) {
          const bool opaque = key == "job" || key == "checkpoint";
          nlohmann::json spoilt = whole;
          if (!opaque && at.to_string().find("precisions") == std::string::npos &&
              at.to_string().find("inputs/") == std::string::npos) {
            spoilt.at(at).erase(key);
            expect_refusal(spoilt);
          }
          if (value.is_object() && !opaque) spoil(whole, at / key);
          if (opaque || key == "name") continue;
          for (const nlohmann::json& other : wrong) {
            if (other.type() == value.type() && !value.is_string()) continue;
            if (value.is_number() && other.is_number()) continue;
            spoilt = whole;
            spoilt.at(at)[key] = other;
            expect_refusal(spoilt);
          }
        }
        nlohmann::json spoilt = whole;
        if (at.to_string().find("precisions") == std::string::npos) {
          spoilt.at(at)["unheard_of"] = "x";
          expect_refusal(spoilt);
        }
      };
  for (const Request& request : every_request()) {
    spoil(nlohmann::json::parse(encode(request)), nlohmann::json::json_pointer());
  }
  CHECK(refused > 200);
}

TEST_CASE("a refusal names the field, and what it must be") {
  const auto with = [](std::size_t index, const char* pointer, const nlohmann::json& value) {
    nlohmann::json json = nlohmann::json::parse(encode(every_request()[index]));
    json[nlohmann::json::json_pointer(pointer)] = value;
    return complaint(json.dump());
  };
  CHECK(with(0, "/model/path", "net.onnx") ==
        "the field \"request.model.path\" must be an absolute path");
  CHECK(with(0, "/target", "fp8") ==
        "the field \"request.target\" must be a precision: fp32, bf16, fp16 or int8");
  CHECK(with(8, "/rounds", 0).find("\"request.rounds\" must be from 1") != std::string::npos);
  CHECK(with(8, "/inputs/shapes/x", {1, -3}) ==
        "the field \"request.inputs.shapes.x[1]\" must be from 0 to 17179869184, but is -3");
  CHECK(with(8, "/warmup", 18446744073709551615U).find("an integer of 64 bits") !=
        std::string::npos);
  CHECK(with(9, "/relative_tolerance", -1e-3).find("not negative") != std::string::npos);
  CHECK(with(9, "/relative_tolerance", "0x7ff0000000000000").find("finite") != std::string::npos);
  CHECK(with(0, "/model/name", std::string("a\0b", 3)).find("NUL") != std::string::npos);
  CHECK(with(4, "/profile", "fp64").find("\"request.profile\"") != std::string::npos);
  CHECK(with(10, "/trials_max", 0).find("\"request.trials_max\" must be from 1") !=
        std::string::npos);
  CHECK(with(10, "/memory_bytes_max", -1).find("\"request.memory_bytes_max\"") !=
        std::string::npos);
  CHECK(with(0, "/kind", "evaluated").find("\"request.kind\"") != std::string::npos);
  CHECK(with(1, "/job", nlohmann::json::object()).find("\"request.job\"") != std::string::npos);
}

TEST_CASE("a path that is not UTF-8 cannot be sent, and the sentence says so") {
  CHECK(refusal([] { encode(Order{Hash{{"/\xff"}}}); }).find("not UTF-8") != std::string::npos);
}

TEST_CASE("damaged requests are parsed or refused, nothing else") {
  std::mt19937_64 random(3);
  const std::vector<Request> requests = every_request();
  for (int round = 0; round < 20'000; ++round) {
    std::string text = encode(requests[random() % requests.size()]);
    for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 8);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 16));
      }
      if (text.empty()) break;
    }
    try {
      encode(parse_request(text));
    } catch (const ampd::Error&) {
    }
  }
}
