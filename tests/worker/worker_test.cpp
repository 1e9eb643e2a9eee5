#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <charconv>
#include <fstream>
#include <sstream>

#include "ampd/error.hpp"
#include "base/digest.hpp"
#include "evaluation/small_model.hpp"
#include "runner/loop.hpp"

using namespace ampd;
using ampd::evaluation::both_low;
using ampd::evaluation::SmallModel;
using ampd::runner::Loop;
using ampd::runner::Told;

namespace {

protocol::ModelReference reference(const SmallModel& small,
                                   const std::string& file = "model.onnx") {
  return {small.path(file), small.path(""), file};
}

protocol::Evaluate evaluate(const SmallModel& small, const protocol::Precisions& precisions,
                            const std::string& metric = "Loss: {}") {
  return {reference(small), small.job(metric), {precisions}, 1, 0, std::nullopt};
}

/// Room for a job of many batches, so that there is time to disturb its evaluation.
protocol::Evaluate long_evaluation(const SmallModel& small) {
  protocol::Evaluate order = evaluate(small, both_low);
  order.job = small.job("agreement: {}", "", "dummy: {shape: [[200000, 3, 8, 8]], label: false}");
  return order;
}

double accuracy(const Told& told) {
  const auto* evaluated = told.reply<protocol::Evaluated>();
  INFO(told.failure());
  REQUIRE(evaluated != nullptr);
  return evaluated->verdicts.at(0).accuracy;
}

std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

std::string content(const base::FileDescriptor& file) {
  const std::vector<std::byte> bytes = base::read_descriptor(file.get(), "it", 1 << 20);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The process whose parent is this one.
pid_t worker_process() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string line;
    if (!std::getline(file, line)) continue;
    std::istringstream rest(line.substr(line.rfind(')') + 2));
    char state = 0;
    pid_t parent = 0;
    rest >> state >> parent;
    if (parent != ::getpid() || state == 'Z') continue;
    const std::string name = entry.path().filename().string();
    pid_t process = 0;
    std::from_chars(name.data(), name.data() + name.size(), process);
    return process;
  }
  return 0;
}

void kill_worker() {
  const pid_t worker = worker_process();
  if (worker > 0) ::kill(worker, SIGKILL);
}

nlohmann::json last_checkpoint(const Told& told) {
  REQUIRE(told.reply<protocol::Stopped>() != nullptr);
  const auto& last = std::get<protocol::Reply>(told.events.at(told.events.size() - 2));
  return std::get<protocol::Checkpoint>(last).state;
}

std::string status_line(pid_t process, const std::string& key) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
  }
  return {};
}

}  // namespace

TEST_CASE("a model is inspected, its thread count part of the fingerprint") {
  const SmallModel small;
  Loop loop;
  const Told told = loop.order(protocol::Inspect{reference(small), Precision::bf16, {}, {}}, 2);
  const auto* inspected = told.reply<protocol::Inspected>();
  REQUIRE(inspected != nullptr);
  CHECK(inspected->opset == 13);
  CHECK(inspected->inputs[0].shape == std::vector<std::int64_t>{-1, 3, 8, 8});
  CHECK(inspected->fingerprint.find("threads 2") != std::string::npos);
  REQUIRE(inspected->space.ops.size() == 2);
  CHECK(inspected->space.ops[0].name == "conv");
  CHECK(inspected->unsupported.empty());
}

TEST_CASE("a job's data settle the free extents of an inspection") {
  const SmallModel small;
  Loop loop;
  protocol::Inspect order{reference(small), Precision::bf16, {}, small.job("topk: 1")};
  CHECK(loop.order(order).reply<protocol::Inspected>() != nullptr);
  base::write_file(small.path("x.npy"), "no array");
  CHECK(loop.order(order).failure().find("x.npy") != std::string::npos);
}

TEST_CASE("an evaluation gives the same bits in every worker, whole or in two parts") {
  const SmallModel small;
  Loop loop;
  const Told whole = loop.order(evaluate(small, both_low));
  CHECK(whole.reply<protocol::Evaluated>()->samples == SmallModel::samples);
  CHECK(bits(accuracy(Loop().order(evaluate(small, both_low)))) == bits(accuracy(whole)));

  loop.on_event = [&] { loop.runner.stop(); };
  const Told stopped = loop.order(long_evaluation(small));
  loop.on_event = nullptr;
  REQUIRE(stopped.reply<protocol::Stopped>() != nullptr);
  const nlohmann::json state = last_checkpoint(stopped);
  CHECK(state["batches_done"] > 0);
  CHECK(state["batches_done"] < 50'000);
  CHECK(bits(accuracy(loop.order(evaluate(small, both_low)))) == bits(accuracy(whole)));
}

TEST_CASE("an evaluation whose worker is killed goes on from its checkpoint to the same bits") {
  const SmallModel small;
  protocol::Evaluate order = evaluate(small, both_low);
  order.job = small.job("sqnr: {}", "", "dummy: {shape: [[40000, 3, 8, 8]], label: false}");
  const double undisturbed = accuracy(Loop().order(order));
  std::int64_t batches_done = 0;
  for (int death = 0; death < 3; ++death) {
    Loop loop;
    loop.on_event = [&] { loop.runner.stop(); };
    order.checkpoint = last_checkpoint(loop.order(order));
    CHECK(order.checkpoint->at("batches_done") > batches_done);
    batches_done = order.checkpoint->at("batches_done");
    loop.on_event = [] { kill_worker(); };
    CHECK(loop.order(order).died().by_outside);
  }
  CHECK(bits(accuracy(Loop().order(order))) == bits(undisturbed));
}

TEST_CASE("a worker that is killed while it works says nothing of the config") {
  const SmallModel small;
  Loop loop;
  loop.on_event = [] { kill_worker(); };
  CHECK(loop.order(long_evaluation(small)).died().by_outside);
}

TEST_CASE("what is wrong with an order comes back as its sentence and code") {
  const SmallModel small;
  Loop loop;
  const auto failed = [&](const protocol::Order& order) {
    const Told told = loop.order(order);
    REQUIRE(told.reply<protocol::Failed>() != nullptr);
    return *told.reply<protocol::Failed>();
  };
  const auto missing =
      failed(protocol::Inspect{reference(small, "none.onnx"), Precision::bf16, {}, {}});
  CHECK(missing.code == ErrorCode::not_found);
  CHECK(missing.sentence.find("none.onnx") != std::string::npos);
  base::write_file(small.path("noise.onnx"), std::string(1000, 'x'));
  CHECK(failed(protocol::Inspect{reference(small, "noise.onnx"), Precision::bf16, {}, {}}).code ==
        ErrorCode::invalid);
  CHECK(failed(evaluate(small, {{"nothing", Precision::bf16}})).code == ErrorCode::invalid);
  CHECK(
      failed(protocol::Execute{reference(small), {}, Precision::fp32}).sentence.find("given: x") !=
      std::string::npos);
  CHECK(loop.order(evaluate(small, {})).reply<protocol::Evaluated>() != nullptr);
}

TEST_CASE("a model that has changed on disk is read again") {
  const SmallModel small;
  Loop loop;
  const protocol::Inspect order{reference(small), Precision::bf16, {}, {}};
  CHECK(loop.order(order).reply<protocol::Inspected>() != nullptr);
  base::write_file(small.path("model.onnx"), "no model");
  CHECK(loop.order(order).reply<protocol::Failed>() != nullptr);
}

TEST_CASE("the other orders are carried out") {
  const SmallModel small;
  Loop loop;
  const job::Job job = small.job("topk: 1");

  const Told measured = loop.order(protocol::Measure{reference(small), job, both_low});
  REQUIRE(measured.reply<protocol::Measured>() != nullptr);
  CHECK(measured.reply<protocol::Measured>()->config.median_ns > 0);
  CHECK(measured.reply<protocol::Measured>()->baseline.median_ns > 0);

  for (const char* profile : {"bf16", "fp32"}) {
    const Told exported = loop.order(protocol::Export{reference(small), job, both_low, profile});
    INFO(exported.failure());
    REQUIRE(exported.reply<protocol::Exported>() != nullptr);
    CHECK(exported.reply<protocol::Exported>()->samples_compared == SmallModel::samples);
    base::write_file(small.path("again.onnx"), content(exported.descriptors.at(0)));
    const Told again =
        loop.order(protocol::Inspect{reference(small, "again.onnx"), Precision::bf16, {}, {}});
    CHECK(again.reply<protocol::Inspected>()->space.ops.size() == 2);
  }

  const Told hashed = loop.order(protocol::Hash{{small.path("x.npy"), small.path("y.npy")}});
  REQUIRE(hashed.reply<protocol::Hashed>() != nullptr);
  CHECK(hashed.reply<protocol::Hashed>()->digests[1] ==
        base::sha256(base::read_text(small.path("y.npy"), 1 << 20)));

  const Told benched = loop.order(protocol::Bench{reference(small), {}, Precision::bf16, 1, 3});
  REQUIRE(benched.reply<protocol::Benched>() != nullptr);
  CHECK(benched.reply<protocol::Benched>()->latency.median_ns > 0);
  CHECK(benched.reply<protocol::Benched>()->gflops > 0);
  CHECK(benched.reply<protocol::Benched>()->ops.size() >= 2);

  const Told planned = loop.order(protocol::Plan{reference(small), job, 0, 64});
  INFO(planned.failure());
  REQUIRE(planned.reply<protocol::Planned>() != nullptr);
  CHECK(planned.reply<protocol::Planned>()->stages.size() == 4);
  CHECK(planned.reply<protocol::Planned>()->stages[2].trials == 2);
  CHECK(planned.reply<protocol::Planned>()->batches == 6);
  CHECK(planned.reply<protocol::Planned>()->end == "exhausted");

  const Told told = loop.order(protocol::Examine{});
  const auto* examined = told.reply<protocol::Examined>();
  REQUIRE(examined != nullptr);
  CHECK(examined->fingerprint.starts_with("onednn "));
  CHECK(examined->offers.size() == all_precisions.size());
  CHECK(examined->filters_calls);
  CHECK(examined->spin_count == "2000");
  CHECK(examined->peaks.front().threads == 1);
  CHECK(examined->peaks.front().fp32_gflops > 0.1);
}

TEST_CASE("data that were found to have changed are read again") {
  const SmallModel small;
  Loop loop;
  const protocol::Hash hash{{small.path("x.npy"), small.path("y.npy")}};
  const protocol::Evaluate order = evaluate(small, both_low);
  const auto evaluated = [&] {
    loop.order(hash);
    return accuracy(loop.order(order));
  };
  const double before = evaluated();
  CHECK(bits(evaluated()) == bits(before));
  const auto other = SmallModel::random({SmallModel::samples, 3, 8, 8}, 77);
  base::write_file(small.path("x.npy"), data::write_npy(other));
  const double after = evaluated();
  CHECK(bits(after) != bits(before));
  CHECK(bits(after) == bits(accuracy(Loop().order(order))));
}

TEST_CASE("an execution hands its outputs over as arrays") {
  const SmallModel small;
  Loop loop;
  const protocol::Inputs inputs{{{"x", small.path("x.npy")}}, {}};
  const Told told = loop.order(protocol::Execute{reference(small), inputs, Precision::bf16});
  INFO(told.failure());
  REQUIRE(told.reply<protocol::Executed>() != nullptr);
  CHECK(told.reply<protocol::Executed>()->outputs.at(0).name == "y");
  const std::string bytes = content(told.descriptors.at(0));
  const auto y = data::read_npy(std::as_bytes(std::span(bytes)), "y");
  CHECK(y.shape() == tensor::Shape{SmallModel::samples, SmallModel::classes});
}

TEST_CASE("a worker is confined before it sees a model") {
  const SmallModel small;
  Loop loop;
  loop.order(protocol::Hash{{small.path("y.npy")}});
  const pid_t worker = worker_process();
  CHECK(status_line(worker, "NoNewPrivs") == "1");
  CHECK(status_line(worker, "Seccomp") == "2");
}

TEST_CASE("a worker is not for starting by hand") {
  CHECK(std::system(TEST_WORKER " > /dev/null 2>&1") == 2 << 8);
  CHECK(std::system(TEST_WORKER " --threads 2 3</dev/null > /dev/null 2>&1") == 2 << 8);
}
