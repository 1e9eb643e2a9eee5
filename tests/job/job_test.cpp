#include "job/job.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>

#include "ampd/error.hpp"

using namespace ampd::job;
using ampd::Precision;
using nlohmann::json;

namespace {

Job metric_job() {
  Job job;
  job.name = "net";
  job.folder = "/jobs";
  job.model_path = "/jobs/net.onnx";
  job.inputs = {"a"};
  job.outputs = {"b", "c"};
  job.evaluation =
      MetricEvaluation{{"topk", {{"k", 5}}},
                       {32, true, {"npy", {{"input", "/x.npy"}}}, {{"Rescale", json::object()}}},
                       10,
                       {{"LabelShift", {{"label_shift", 1}}}}};
  job.performance = {3, 4};
  job.settings = {{false, -0.25, false}, ampd::Objective::footprint, {2.5, 7, true}};
  job.constraints = {
      {Constraint::Scope::op, "conv.*", {Precision::fp32}},
      {Constraint::Scope::op_type, "Gemm", {Precision::fp32, Precision::bf16}, false}};
  job.threads = 2;
  job.seed = std::numeric_limits<std::int64_t>::max();
  return job;
}

Job command_job() {
  Job job = metric_job();
  job.evaluation = CommandEvaluation{{"./score.sh", "x"}, 0.5};
  return job;
}

void check_refused(const json& value) {
  CAPTURE(value.dump());
  try {
    from_json(value);
    FAIL_CHECK("the JSON was taken for a job");
  } catch (const ampd::Error& error) {
    CHECK(error.code() == ampd::ErrorCode::invalid);
  }
}

}  // namespace

TEST_CASE("a job survives its JSON, also as text") {
  for (const Job& job : {metric_job(), command_job()}) {
    CHECK(from_json(to_json(job)) == job);
    CHECK(from_json(json::parse(to_json(job).dump())) == job);
  }
}

TEST_CASE("equal jobs have equal digests, different ones do not") {
  CHECK(digest(metric_job()) == digest(metric_job()));
  CHECK(digest(metric_job()).size() == 64);
  Job other = metric_job();
  other.seed = 1;
  CHECK(digest(other) != digest(metric_job()));
}

TEST_CASE("a change of any field changes the JSON") {
  const std::vector<std::function<void(Job&)>> changes{
      [](Job& job) { job.name += "x"; },
      [](Job& job) { job.folder = "/other"; },
      [](Job& job) { job.model_path = "/other.onnx"; },
      [](Job& job) { job.inputs.clear(); },
      [](Job& job) { job.outputs.pop_back(); },
      [](Job& job) { job.precisions.push_back(Precision::int8); },
      [](Job& job) {
        job.evaluation = CommandEvaluation{{"x"}, 0};
      },
      [](Job& job) { std::get<MetricEvaluation>(job.evaluation).batches_max = 1; },
      [](Job& job) { std::get<MetricEvaluation>(job.evaluation).postprocess.clear(); },
      [](Job& job) { std::get<MetricEvaluation>(job.evaluation).dataloader.batch_size = 1; },
      [](Job& job) {
        std::get<MetricEvaluation>(job.evaluation).dataloader.discard_last_batch = false;
      },
      [](Job& job) { job.performance.warmup = 0; },
      [](Job& job) { job.performance.rounds = 1; },
      [](Job& job) { job.settings.criterion.tolerance = 0.125; },
      [](Job& job) { job.settings.objective = ampd::Objective::accuracy; },
      [](Job& job) { job.settings.exit_policy.max_trials = 1; },
      [](Job& job) { job.constraints[0].pattern = "y"; },
      [](Job& job) { job.constraints[0].must_match = false; },
      [](Job& job) { job.threads = 1; },
      [](Job& job) { job.lanes = 2; },
      [](Job& job) { job.lanes = 0; },
  };
  for (const auto& change : changes) {
    Job job = metric_job();
    change(job);
    CHECK(to_json(job) != to_json(metric_job()));
    CHECK(from_json(to_json(job)) == job);
  }
}

TEST_CASE("a job that was stored before there were lanes has one") {
  CHECK_FALSE(to_json(metric_job()).contains("lanes"));
  CHECK(from_json(to_json(metric_job())).lanes == 1);
}

TEST_CASE("JSON that is not a job's is refused") {
  const json good = to_json(metric_job());
  for (const json& value : {json(nullptr), json(1), json::array(), json::object(), json("job")}) {
    check_refused(value);
  }
  for (const auto& [key, value] : good.items()) {
    json without = good;
    without.erase(key);
    check_refused(without);
    json other = good;
    other[key] = json{{"unexpected", key}};
    check_refused(other);
  }
  const auto check_changed = [&](const char* pointer, const json& value) {
    json changed = good;
    changed[json::json_pointer(pointer)] = value;
    check_refused(changed);
  };
  check_changed("/more", 1);
  check_changed("/version", 2);
  check_changed("/precisions", {"fp32"});
  check_changed("/precisions/0", "bf17");
  check_changed("/settings/objective", "speed");
  check_changed("/settings/exit_policy/max_trials", 1.5);
  check_changed("/evaluation/metric/name", "nothing");
  check_changed("/evaluation/metric/name", "TOPK");
  check_changed("/evaluation/metric/name", "mAP");
  check_changed("/evaluation/metric/parameters", 1);
  check_changed("/evaluation/dataloader/dataset", {{"name", "npy"}});
  check_changed("/constraints/0/scope", "all");
  check_changed("/threads", "two");
}
