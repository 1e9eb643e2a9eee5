#include "job/job_file.hpp"

#include <doctest/doctest.h>

#include <variant>

#include "ampd/error.hpp"
#include "job_folder.hpp"

using namespace ampd::job;
using ampd::Precision;
using nlohmann::json;

namespace {

const MetricEvaluation& metric_evaluation(const Job& job) {
  REQUIRE(std::holds_alternative<MetricEvaluation>(job.evaluation));
  return std::get<MetricEvaluation>(job.evaluation);
}

ampd::ErrorCode code_of_reading(const std::filesystem::path& path) {
  try {
    read_job(path);
  } catch (const ampd::Error& error) {
    return error.code();
  }
  FAIL("the job was read");
  return {};
}

/// The parameters of the one transform `text`.
json transform(const JobFolder& folder, const std::string& text) {
  const Job job = folder.job(with_line(8, "      transform: {" + text + "}"));
  REQUIRE(metric_evaluation(job).dataloader.transforms.size() == 1);
  return metric_evaluation(job).dataloader.transforms.front().parameters;
}

json dataset(const JobFolder& folder, const std::string& text) {
  const Job job = folder.job(with_line(7, "      dataset: {" + text + "}"));
  return metric_evaluation(job).dataloader.dataset.parameters;
}

}  // namespace

TEST_CASE("a job file is resolved: defaults filled in, paths absolute") {
  const JobFolder folder;
  const Job job = folder.job(good_job);
  CHECK(job.name == "net");
  CHECK(job.folder == std::filesystem::path(folder / "x.npy").parent_path());
  CHECK(job.model_path == folder / "model.onnx");
  CHECK(job.precisions == std::vector{Precision::bf16});
  CHECK(job.target() == Precision::bf16);
  CHECK(job.seed == 1978);
  CHECK(job.threads == 0);
  ampd::TuneSettings settings;
  settings.early_abort = true;
  CHECK(job.settings == settings);
  CHECK(job.performance == PerformanceEvaluation{});
  const MetricEvaluation& evaluation = metric_evaluation(job);
  CHECK(evaluation.metric == Component{"topk", {{"k", 1}}});
  CHECK(evaluation.batches_max == -1);
  CHECK(evaluation.dataloader.batch_size == 100);
  CHECK(evaluation.dataloader.dataset ==
        Component{"npy",
                  {{"input", folder / "x.npy"}, {"label", folder / "y.npy"}, {"layout", "CHW"}}});
  CHECK(evaluation.dataloader.transforms == std::vector{Component{"Rescale"}});
}

TEST_CASE("every key that is read changes the job") {
  const JobFolder folder;
  const Job job = folder.job(
      "model: {path: ./model.onnx, inputs: \"a, b\", outputs: [c]}\n"
      "mixed_precision: {precisions: \"fp32, bf16\"}\n"
      "device: cpu\n"
      "evaluation:\n"
      "  accuracy:\n"
      "    metric: {MSE: {compare_label: False}}\n"
      "    iteration: 7\n"
      "    dataloader: {dataset: {npy: {input: x.npy}}, last_batch: discard}\n"
      "    postprocess: {transform: {LabelShift: 1}}\n"
      "    configs: {cores_per_instance: 8, intra_num_of_threads: 4}\n"
      "  performance: {warmup: 2, iteration: 9}\n"
      "tuning:\n"
      "  strategy: {name: auto_mixed_precision}\n"
      "  accuracy_criterion: {absolute: \"-2%\"}\n"
      "  objective: modelsize\n"
      "  exit_policy: {timeout: 1.5, max_trials: 3, performance_only: yes}\n"
      "  random_seed: 5\n");
  CHECK(job.name == "model");
  CHECK(job.inputs == std::vector<std::string>{"a", "b"});
  CHECK(job.outputs == std::vector<std::string>{"c"});
  CHECK(job.precisions == std::vector{Precision::bf16});
  const MetricEvaluation& evaluation = metric_evaluation(job);
  CHECK(evaluation.metric.parameters == json{{"compare_label", false}});
  CHECK(evaluation.batches_max == 7);
  CHECK(evaluation.dataloader.batch_size == 1);
  CHECK(evaluation.dataloader.discard_last_batch);
  CHECK(evaluation.postprocess == std::vector{Component{"LabelShift", {{"label_shift", 1}}}});
  CHECK(job.threads == 4);
  CHECK(job.performance == PerformanceEvaluation{2, 9});
  CHECK(job.settings.criterion == ampd::AccuracyCriterion{false, -0.02, false});
  CHECK(job.settings.objective == ampd::Objective::modelsize);
  CHECK(job.settings.exit_policy == ampd::ExitPolicy{1.5, 3, true});
  CHECK(job.seed == 5);
}

TEST_CASE("lanes are ampd's choice only where neither they nor threads are given") {
  const JobFolder folder;
  const auto lanes = [&](const std::string& configs) {
    return folder.job(with_line(8, "    configs: {" + configs + "}")).lanes;
  };
  CHECK(lanes("") == 0);
  CHECK(lanes("intra_num_of_threads: 4") == 1);
  CHECK(lanes("cores_per_instance: 4") == 1);
  CHECK(lanes("lanes: 3") == 3);
  CHECK(lanes("lanes: 4, intra_num_of_threads: 4") == 4);
  CHECK(folder.job(with_line(8, "  performance: {configs: {cores_per_instance: 4}}")).lanes == 1);
}

TEST_CASE("the direction of the accuracy is the metric's own unless it is given") {
  const JobFolder folder;
  const auto higher = [&](const std::string& metric) {
    const std::string text = with_line(4, "    metric: {" + metric + ": {}}");
    return folder.job(text).settings.criterion.higher_is_better;
  };
  for (const char* metric : {"topk", "Accuracy", "F1", "agreement", "cosine", "sqnr"}) {
    CHECK(higher(metric));
  }
  for (const char* metric : {"MSE", "MAE", "RMSE", "Loss", "perplexity"})
    CHECK_FALSE(higher(metric));
  CHECK_FALSE(folder.job(with_line(10, "  accuracy_criterion: {higher_is_better: no}"))
                  .settings.criterion.higher_is_better);
}

TEST_CASE("a goal is relative by default, absolute when it says so") {
  const JobFolder folder;
  const auto criterion = [&](const std::string& text) {
    return folder.job(with_line(10, "  accuracy_criterion: {" + text + "}")).settings.criterion;
  };
  CHECK(criterion("") == ampd::AccuracyCriterion{true, 0.01, true});
  CHECK(criterion("relative: 1%") == ampd::AccuracyCriterion{true, 0.01, true});
  CHECK(criterion("relative: -0.5") == ampd::AccuracyCriterion{true, -0.5, true});
  CHECK(criterion("relative: 0") == ampd::AccuracyCriterion{true, 0, true});
  CHECK(criterion("absolute: 3") == ampd::AccuracyCriterion{false, 3, true});
}

TEST_CASE("a command replaces the metric") {
  const JobFolder folder;
  const Job job = folder.job(
      "model: {path: model.onnx}\n"
      "evaluation: {eval_func: {command: [./score.sh, \"a b\"], timeout: 600}}\n");
  REQUIRE(std::holds_alternative<CommandEvaluation>(job.evaluation));
  CHECK(std::get<CommandEvaluation>(job.evaluation) ==
        CommandEvaluation{{"./score.sh", "a b"}, 600});
  CHECK(job.settings.criterion.higher_is_better);
}

TEST_CASE("datasets take Intel Neural Compressor's spellings") {
  const JobFolder folder;
  CHECK(dataset(folder, "npy: {file: xy.npz, input: images, label: labels, layout: HWC}") ==
        json{{"file", folder / "xy.npz"},
             {"input", "images"},
             {"label", "labels"},
             {"layout", "HWC"}});
  CHECK(dataset(folder, "npy: {inputs: {a: x.npy, b: y.npy}, label: y.npy}")["inputs"] ==
        json{{"a", folder / "x.npy"}, {"b", folder / "y.npy"}});
  CHECK(dataset(folder, "imagefolder: {root: images/}") == json{{"root", folder / "images"}});
  CHECK(dataset(folder, "CIFAR10: {root: images, train: True, download: True}") ==
        json{{"root", folder / "images"}, {"train", true}});
  CHECK(dataset(folder, "dummy: {shape: \"8, 3, 4\", low: 0., high: 1}") ==
        json{{"shape", {{8, 3, 4}}},
             {"low", {0.0}},
             {"high", {1.0}},
             {"dtype", {"float32"}},
             {"label", true}});
  CHECK(dataset(folder, "dummy: {shape: [[8, 3], [8]], dtype: [float32, int64]}") ==
        json{{"shape", {{8, 3}, {8}}},
             {"low", {-128.0, -128.0}},
             {"high", {127.0, 127.0}},
             {"dtype", {"float32", "int64"}},
             {"label", true}});
  CHECK(dataset(folder, "dummy_v2: {input_shape: [3, 4], dtype: [float32, int64], high: 9}") ==
        json{{"input_shape", {{3, 4}}},
             {"label_shape", {{1}}},
             {"low", {-128.0, -128.0}},
             {"high", {9.0, 9.0}},
             {"dtype", {"float32", "int64"}},
             {"samples", 100}});
}

TEST_CASE("transforms take Intel Neural Compressor's spellings") {
  const JobFolder folder;
  CHECK(transform(folder, "Resize: {size: 256}") ==
        json{{"size", {256, 256}}, {"interpolation", "bilinear"}});
  CHECK(transform(folder, "Resize: {size: [32, 64], interpolation: nearest}") ==
        json{{"size", {32, 64}}, {"interpolation", "nearest"}});
  CHECK(transform(folder, "CenterCrop: {size: [224]}") == json{{"size", {224, 224}}});
  CHECK(transform(folder, "Normalize: {mean: [0.5, 0.25, 0.125]}") ==
        json{{"mean", {0.5, 0.25, 0.125}}, {"std", {1.0}}});
  CHECK(transform(folder, "Transpose: {perm: [2, 0, 1]}") == json{{"perm", {2, 0, 1}}});
  CHECK(transform(folder, "Cast: ") == json{{"dtype", "float32"}});
  CHECK(transform(folder, "QuantizedInput: {}") == json{{"dtype", "int8"}});
  CHECK(transform(folder,
                  "ResizeCropImagenet: {height: 224, width: 224, random_crop: False, "
                  "mean_value: [0.485, 0.456, 0.406]}") ==
        json{{"height", 224},
             {"width", 224},
             {"resize_side", 256},
             {"resize_method", "bilinear"},
             {"mean_value", {0.485, 0.456, 0.406}},
             {"std_value", {0.229, 0.224, 0.225}}});
}

TEST_CASE("transforms keep the file's order") {
  const Job job = JobFolder().job(
      with_line(8,
                "      transform:\n        Transpose: {perm: [2, 0, 1]}\n        Rescale: {}\n"
                "        Cast: {}\n"));
  std::vector<std::string> names;
  for (const Component& each : metric_evaluation(job).dataloader.transforms) {
    names.push_back(each.name);
  }
  CHECK(names == std::vector<std::string>{"Transpose", "Rescale", "Cast"});
}

TEST_CASE("a metric may be a bare name, a number its parameter") {
  const JobFolder folder;
  const auto metric = [&](const std::string& text) {
    return metric_evaluation(folder.job(with_line(4, "    metric: " + text))).metric;
  };
  CHECK(metric("accuracy") == Component{"Accuracy"});
  CHECK(metric("{topk: 5}") == Component{"topk", {{"k", 5}}});
  CHECK(metric("{topk: {k: 3}}") == Component{"topk", {{"k", 3}}});
  CHECK(metric("{topk: }") == Component{"topk", {{"k", 1}}});
}

TEST_CASE("a job file is read from the disk or refused with all its errors") {
  const JobFolder folder;
  ampd::base::write_file(folder / "good.yaml", good_job);
  CHECK(read_job(folder / "good.yaml").name == "net");
  ampd::base::write_file(folder / "bad.yaml", with_line(1, "modle: {}"));
  try {
    read_job(folder / "bad.yaml");
    FAIL("a bad job file was read");
  } catch (const ampd::Error& error) {
    CHECK(error.code() == ampd::ErrorCode::invalid);
    const std::string sentence = error.what();
    CHECK(sentence.find("bad.yaml:1:1: unknown key \"modle\"") != std::string::npos);
    CHECK(sentence.find("model.path is missing") != std::string::npos);
  }
  CHECK(code_of_reading(folder / "absent.yaml") == ampd::ErrorCode::not_found);
  CHECK(code_of_reading(folder / "images") == ampd::ErrorCode::invalid);
  ampd::base::write_file(folder / "large.yaml", std::string(100000, '#'));
  CHECK(lint(folder / "large.yaml").errors.size() == 1);
}

TEST_CASE("a warning says that max_trials does not suffice") {
  const JobFolder folder;
  Lint found = folder.lint(good_job);
  REQUIRE(found.job.has_value());
  CHECK_FALSE(trial_limit_warning(*found.job, 50));
  add_trial_limit_warning(found, 50);
  CHECK(found.warnings.empty());
  add_trial_limit_warning(found, 51);
  REQUIRE(found.warnings.size() == 1);
  CHECK(found.warnings[0].place.line == 11);
  CHECK(found.warnings[0].key == "tuning.exit_policy.max_trials");
  CHECK(found.warnings[0].suggestion == "max_trials: 102");
  Job job = *found.job;
  job.settings.exit_policy.performance_only = true;
  CHECK_FALSE(trial_limit_warning(job, 51));
}

TEST_CASE("a lint is JSON with the codes, places and keys") {
  const JobFolder folder;
  const json found = to_json(folder.lint(with_line(6, "      batch_size: x\n      shuffle: True")));
  CHECK(found["errors"].size() == 1);
  CHECK(found["warnings"].size() == 1);
  CHECK(found["errors"][0] ==
        json{{"code", "invalid"},
             {"file", folder / "job.yaml"},
             {"line", 6},
             {"column", 7},
             {"key", "evaluation.accuracy.dataloader.batch_size"},
             {"message",
              "evaluation.accuracy.dataloader.batch_size must be an integer from 1 to "
              "1000000000, not \"x\""},
             {"suggestion", ""}});
}
