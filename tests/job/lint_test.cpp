#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "job_folder.hpp"

using namespace ampd::job;

namespace {

/// A job file with one line changed, and the one problem that this makes.
struct Row {
  int changed;
  std::string text;
  std::string code;
  std::string key;
  int line;
  std::string suggestion;  // the problem's own suggestion holds it
};

void check_one(const std::vector<Problem>& problems, const Row& row) {
  INFO(row.text);
  for (const Problem& problem : problems) INFO(to_string(problem));
  REQUIRE(problems.size() == 1);
  const Problem& problem = problems.front();
  CAPTURE(to_string(problem));
  CHECK(to_string(problem.code) == row.code);
  CHECK(problem.key == row.key);
  CHECK(problem.place.line == row.line);
  CHECK(problem.file.ends_with("job.yaml"));
  CHECK(problem.message.find('\n') == std::string::npos);
  CHECK(problem.suggestion.find(row.suggestion) != std::string::npos);
  CHECK(problem.suggestion.empty() == row.suggestion.empty());
}

void check_errors(const std::vector<Row>& rows) {
  const JobFolder folder;
  for (const Row& row : rows) {
    const Lint found = folder.lint(with_line(row.changed, row.text));
    check_one(found.errors, row);
    CHECK_FALSE(found.job.has_value());
  }
}

void check_warnings(const std::vector<Row>& rows) {
  const JobFolder folder;
  for (const Row& row : rows) {
    const Lint found = folder.lint(with_line(row.changed, row.text));
    check_one(found.warnings, row);
    CHECK(found.errors.empty());
  }
}

const std::string dataloader = "evaluation.accuracy.dataloader";
const std::string criterion = "tuning.accuracy_criterion";

}  // namespace

TEST_CASE("a good job file has no problems") {
  const Lint found = JobFolder().lint(good_job);
  CHECK(found.errors.empty());
  CHECK(found.warnings.empty());
  CHECK(found.job.has_value());
}

TEST_CASE("an unknown key is named with the nearest known one") {
  check_errors({
      {1, "modle: {name: net, path: model.onnx}\nmodel: {path: model.onnx}", "unknown_key", "modle",
       1, "model"},
      {1, "model: {name: net, pth: x, path: model.onnx}", "unknown_key", "model.pth", 1, "path"},
      {11, "  exit_polcy: {timeout: 0}", "unknown_key", "tuning.exit_polcy", 11, "exit_policy"},
      {11, "  max_trials: 5", "unknown_key", "tuning.max_trials", 11,
       "tuning.exit_policy.max_trials"},
      {10, "  accuracy_criterion: {absolut: 0.01}", "unknown_key", criterion + ".absolut", 10,
       "absolute"},
      {6, "      batchsize: 100", "unknown_key", dataloader + ".batchsize", 6, "batch_size"},
      {6, "      wheels: 4", "unknown_key", dataloader + ".wheels", 6, ""},
      {4, "    metric: {topkk: 1}", "unknown_key", "evaluation.accuracy.metric.topkk", 4, "topk"},
      {4, "    metric: {topk: {kk: 1}}", "unknown_key", "evaluation.accuracy.metric.topk.kk", 4,
       "k"},
      {7, "      dataset: {npyy: {input: x.npy, label: y.npy}}", "unknown_key",
       dataloader + ".dataset.npyy", 7, "npy"},
      {7, "      dataset: {npy: {inputt: x.npy, input: x.npy, label: y.npy}}", "unknown_key",
       dataloader + ".dataset.npy.inputt", 7, "input"},
      {8, "      transform: {Recsale: {}}", "unknown_key", dataloader + ".transform.Recsale", 8,
       "Rescale"},
  });
}

TEST_CASE("what is missing is named with a remedy") {
  check_errors({
      {1, "model: {name: net}", "missing", "model.path", 1, "path: model.onnx"},
      {1, "", "missing", "model.path", 1, "path: model.onnx"},
      {1, "model: {path: other.onnx}", "missing", "model.path", 1, ""},
      {1, "model: {path: ./modle.onnx}", "missing", "model.path", 1, "./model.onnx"},
      {4, "", "missing", "evaluation.accuracy.metric", 3, "agreement"},
      {4, "    metric: {}", "missing", "evaluation.accuracy.metric", 4, "agreement"},
      {7, "", "missing", dataloader + ".dataset", 5, "dataset: {npy"},
      {7, "      dataset: {npy: {input: x.npy}}", "missing", dataloader + ".dataset", 7,
       "agreement"},
      {7, "      dataset: {npy: {label: y.npy}}", "missing", dataloader + ".dataset.npy.input", 7,
       ""},
      {7, "      dataset: {npy: {input: absent, label: y.npy}}", "missing",
       dataloader + ".dataset.npy.input", 7, ""},
      {7, "      dataset: {npy: {inputs: {a: absent}, label: y.npy}}", "missing",
       dataloader + ".dataset.npy.inputs.a", 7, ""},
      {7, "      dataset: {ImageFolder: {}}", "missing", dataloader + ".dataset.ImageFolder.root",
       7, ""},
      {7, "      dataset: {ImageFolder: {root: /no/such/folder}}", "missing",
       dataloader + ".dataset.ImageFolder.root", 7, ""},
      {8, "      transform: {Resize: {}}", "missing", dataloader + ".transform.Resize.size", 8, ""},
  });
}

TEST_CASE("without any measure of accuracy the remedy is agreement") {
  const JobFolder folder;
  const std::string model = "model: {path: model.onnx}\n";
  for (const std::string text : {"", "evaluation:\n", "evaluation: {accuracy: }\n",
                                 "evaluation: {performance: {warmup: 1}}\n"}) {
    const Lint found = folder.lint(model + text);
    check_one(found.errors,
              {0, text, "missing", "evaluation.accuracy", text.empty() ? 1 : 2, "agreement"});
  }
}

TEST_CASE("a value of the wrong kind or out of range is invalid") {
  check_errors({
      {1, "model: model.onnx", "invalid", "model", 1, ""},
      {6, "      batch_size: zero", "invalid", dataloader + ".batch_size", 6, ""},
      {6, "      batch_size: 0", "invalid", dataloader + ".batch_size", 6, ""},
      {6, "      batch_size: \"10\"", "invalid", dataloader + ".batch_size", 6, ""},
      {6, "      batch_size: 99999999999999999999", "invalid", dataloader + ".batch_size", 6, ""},
      {6, "      batch_size: [1]", "invalid", dataloader + ".batch_size", 6, ""},
      {6, "      last_batch: discart", "invalid", dataloader + ".last_batch", 6, "discard"},
      {6, "      batch_size: 1\n      batch_size: 2", "invalid", dataloader + ".batch_size", 7, ""},
      {10, "  accuracy_criterion: {relative: 1}", "invalid", criterion + ".relative", 10, "0.01"},
      {10, "  accuracy_criterion: {relative: 150%}", "invalid", criterion + ".relative", 10,
       "0.01"},
      {10, "  accuracy_criterion: {relative: lots}", "invalid", criterion + ".relative", 10,
       "0.01"},
      {10, "  accuracy_criterion: {relative: 0.01, absolute: 0.01}", "invalid",
       criterion + ".absolute", 10, ""},
      {10, "  accuracy_criterion: {higher_is_better: maybe}", "invalid",
       criterion + ".higher_is_better", 10, ""},
      {10, "  objective: speed", "invalid", "tuning.objective", 10, ""},
      {10, "  objective: performence", "invalid", "tuning.objective", 10, "performance"},
      {10, "  random_seed: -1", "invalid", "tuning.random_seed", 10, ""},
      {10, "  strategy: {name: mixed}", "invalid", "tuning.strategy.name", 10,
       "auto_mixed_precision"},
      {11, "  exit_policy: {max_trials: 0}", "invalid", "tuning.exit_policy.max_trials", 11, ""},
      {11, "  exit_policy: {timeout: -1}", "invalid", "tuning.exit_policy.timeout", 11, ""},
      {11, "  exit_policy: {timeout: .nan}", "invalid", "tuning.exit_policy.timeout", 11, ""},
      {11, "  exit_policy: [timeout]", "invalid", "tuning.exit_policy", 11, ""},
      {1, "model: {name: 12, path: model.onnx}", "invalid", "model.name", 1, "model_12"},
      {1, "model: {path: images}", "invalid", "model.path", 1, ""},
      {1, "model: {path: [model.onnx]}", "invalid", "model.path", 1, ""},
  });
}

TEST_CASE("components that contradict themselves are invalid") {
  const std::string dataset = dataloader + ".dataset";
  const std::string transform = dataloader + ".transform";
  check_errors({
      {4, "    metric: {topk: 1, F1: {}}", "invalid", "evaluation.accuracy.metric", 4, ""},
      {4, "    metric: {topk: 0}", "invalid", "evaluation.accuracy.metric.topk.k", 4, ""},
      {4, "    metric: {F1: 3}", "invalid", "evaluation.accuracy.metric.F1", 4, ""},
      {4, "    metric: [topk]", "invalid", "evaluation.accuracy.metric", 4, ""},
      {4, "    metric: {topk: 1}\n    iteration: 0", "invalid", "evaluation.accuracy.iteration", 5,
       ""},
      {7, "      dataset: x.npy", "unknown_key", dataset + ".x.npy", 7, "npy"},
      {7, "      dataset: {npy: {input: x.npy, inputs: {a: x.npy}, label: y.npy}}", "invalid",
       dataset + ".npy.inputs", 7, ""},
      {7, "      dataset: {npy: {input: x.npy, label: y.npy, layout: WHC}}", "invalid",
       dataset + ".npy.layout", 7, "HWC"},
      {7, "      dataset: {npy: {input: images, label: y.npy}}", "invalid", dataset + ".npy.input",
       7, ""},
      {7, "      dataset: {ImageFolder: {root: x.npy}}", "invalid", dataset + ".ImageFolder.root",
       7, ""},
      {7, "      dataset: {dummy: {shape: [[2, 3], [3, 3]]}}", "invalid", dataset + ".dummy.shape",
       7, ""},
      {7, "      dataset: {dummy: {shape: [2, 3], dtype: [int8, int8]}}", "invalid",
       dataset + ".dummy.dtype", 7, ""},
      {7, "      dataset: {dummy: {shape: [2, 0]}}", "invalid", dataset + ".dummy.shape", 7, ""},
      {7, "      dataset: {dummy: {shape: [2, 3], low: 5, high: 1}}", "invalid",
       dataset + ".dummy.low", 7, ""},
      {8, "      transform: [Rescale]", "invalid", transform, 8, ""},
      {8, "      transform: {Resize: {size: [1, 2, 3]}}", "invalid", transform + ".Resize.size", 8,
       ""},
      {8, "      transform: {Resize: {size: 32, interpolation: bilinar}}", "invalid",
       transform + ".Resize.interpolation", 8, "bilinear"},
      {8, "      transform: {Normalize: {mean: [1, 2, 3], std: [1, 2]}}", "invalid",
       transform + ".Normalize.std", 8, ""},
      {8, "      transform: {Normalize: {std: [0]}}", "invalid", transform + ".Normalize.std", 8,
       ""},
      {8, "      transform: {Transpose: {perm: [2, 0, 2]}}", "invalid",
       transform + ".Transpose.perm", 8, ""},
      {8, "      transform: {Rescale: {}, Rescale: {}}", "invalid", transform + ".Rescale", 8, ""},
      {8, "      transform: {ResizeCropImagenet: {height: 8, width: 8, mean_value: [123.68]}}",
       "invalid", transform + ".ResizeCropImagenet.mean_value", 8, ""},
  });
}

TEST_CASE("what Intel Neural Compressor knows and ampd does not is unsupported, not unknown") {
  const std::string transform = dataloader + ".transform";
  check_errors({
      {4, "    metric: {COCOmAP: {anno_path: a.yaml}}", "unsupported",
       "evaluation.accuracy.metric.COCOmAP", 4, "agreement"},
      {4, "    multi_metrics: {topk: 1, MSE: {}}", "unsupported",
       "evaluation.accuracy.multi_metrics", 4, "metric"},
      {7, "      dataset: {TFRecordDataset: {root: /data}}", "unsupported",
       dataloader + ".dataset.TFRecordDataset", 7, "npy"},
      {7, "      dataset: {ImagenetRaw: {data_path: /data}}", "unsupported",
       dataloader + ".dataset.ImagenetRaw", 7, "ImageFolder"},
      {8, "      transform: {RandomCrop: {size: 8}}", "unsupported", transform + ".RandomCrop", 8,
       "CenterCrop"},
      {8, "      transform: {ResizeCropImagenet: {height: 8, width: 8, random_crop: True}}",
       "unsupported", transform + ".ResizeCropImagenet.random_crop", 8, "leave it out"},
      {8, "      filter: {LabelBalance: {size: 1}}", "unsupported", dataloader + ".filter", 8,
       "samples"},
      {8, "    postprocess: {transform: {SquadV1: {label_file: l}}}", "unsupported",
       "evaluation.accuracy.postprocess.transform.SquadV1", 8, "eval_func"},
      {10, "  multi_objectives: {objective: [accuracy, footprint]}", "unsupported",
       "tuning.multi_objectives", 10, "objective"},
      {11, "mixed_precision: {precisions: fp16}", "unsupported", "mixed_precision.precisions", 11,
       "bf16"},
      {6, "      batch_size: &a 1\n      last_batch: *a", "unsupported", dataloader + ".last_batch",
       7, "value"},
  });
}

TEST_CASE("precisions and constraints are checked") {
  const std::string op_wise = "mixed_precision.op_wise";
  check_errors({
      {11, "mixed_precision: {precisions: fp32}", "invalid", "mixed_precision.precisions", 11,
       "bf16"},
      {11, "mixed_precision: {precisions: []}", "invalid", "mixed_precision.precisions", 11,
       "bf16"},
      {11, "mixed_precision: {precisions: bf61}", "invalid", "mixed_precision.precisions", 11,
       "bf16"},
      {11, "graph_optimization: {precisions: {bf16: 1}}", "invalid",
       "graph_optimization.precisions", 11, ""},
      {11, "mixed_precision: {op_wise: [conv1]}", "invalid", op_wise, 11, "fp32"},
      {11, "mixed_precision: {op_wise: {\"conv(\": fp32}}", "invalid", op_wise + ".conv(", 11, ""},
      {11, "mixed_precision: {op_wise: {conv1: fp23}}", "invalid", op_wise + ".conv1", 11, "fp32"},
      {11, "mixed_precision: {op_wise: {conv1: int8}}", "unsupported", op_wise + ".conv1", 11,
       "bf16"},
      {11, "mixed_precision: {op_wise: {conv1: {weights: {dtype: [fp32]}, weight: {dtype: fp32}}}}",
       "unknown_key", op_wise + ".conv1.weights", 11, ""},
      {11, "mixed_precision: {op_wise: {conv1: {weight: {scheme: [sym]}}}}", "missing",
       op_wise + ".conv1", 11, "fp32"},
      {11,
       "mixed_precision: {op_wise: {conv1: {weight: {dtype: fp32}, activation: {dtype: bf16}}}}",
       "invalid", op_wise + ".conv1", 11, ""},
  });
}

TEST_CASE("lanes share the threads that are named") {
  const std::string lanes = "evaluation.accuracy.configs.lanes";
  check_errors({
      {8, "    configs: {lanes: 0}", "invalid", lanes, 8, ""},
      {8, "    configs: {lanes: 3, intra_num_of_threads: 2}", "invalid", lanes, 8, "2"},
  });
}

TEST_CASE("a command of one's own is checked") {
  const JobFolder folder;
  const auto errors = [&](const std::string& text) {
    return folder.lint("model: {path: model.onnx}\nevaluation:\n  eval_func: " + text + "\n")
        .errors;
  };
  CHECK(errors("{command: [./score.sh, --fast], timeout: 600}").empty());
  CHECK(errors("{command: ./score.sh}").empty());
  CHECK(errors("{command: [python3, score.py]}").empty());
  const std::string command = "evaluation.eval_func.command";
  check_one(errors("{timeout: 5}"), {0, "", "missing", command, 3, "score.sh"});
  check_one(errors("{command: []}"), {0, "", "invalid", command, 3, "score.sh"});
  check_one(errors("{command: [./absent.sh]}"), {0, "", "missing", command, 3, ""});
  check_one(errors("{command: [./x.npy]}"), {0, "", "invalid", command, 3, "chmod"});
  check_one(errors("{command: [a, [b]]}"), {0, "", "invalid", command, 3, ""});
  check_one(errors("{command: [a], timeout: soon}"),
            {0, "", "invalid", "evaluation.eval_func.timeout", 3, ""});
  check_one(errors("{command: [a], timeot: 5}"),
            {0, "", "unknown_key", "evaluation.eval_func.timeot", 3, "timeout"});
  check_one(folder.lint(with_line(2, "evaluation:\n  eval_func: {command: [a]}")).errors,
            {0, "", "invalid", "evaluation.eval_func", 3, ""});
}

TEST_CASE("what has no meaning here gives one warning and is not read") {
  const std::string anything = ": {anything: [1, {x: 2}], anything: 2}";
  for (const std::string section : {"quantization", "pruning", "distillation", "auto_distillation",
                                    "nas", "train", "model_conversion", "use_bf16", "version"}) {
    check_warnings({{11, section + anything, "unsupported", section, 11, ""}});
  }
  check_warnings({
      {1, "model: {path: model.onnx, framework: onnxrt_qlinearops}", "unsupported",
       "model.framework", 1, ""},
      {11, "device: gpu", "unsupported", "device", 11, ""},
      {10, "  strategy: {name: bayesian}", "unsupported", "tuning.strategy.name", 10,
       "auto_mixed_precision"},
      {10, "  tensorboard: True", "unsupported", "tuning.tensorboard", 10, ""},
      {10, "  workspace: {path: /tmp/x, resume: y}", "unsupported", "tuning.workspace", 10, ""},
      {10, "  diagnosis: {diagnosis_after_tuning: True}", "unsupported", "tuning.diagnosis", 10,
       ""},
      {6, "      shuffle: True", "unsupported", dataloader + ".shuffle", 6, ""},
      {6, "      batch_size: !!int 5", "unsupported", dataloader + ".batch_size", 6, ""},
      {11, "graph_optimization: {patterns: {}}", "unsupported", "graph_optimization.patterns", 11,
       ""},
      {11, "mixed_precision: {op_wise: {weight: {dtype: fp32}, activation: {dtype: fp32}}}",
       "unsupported", "mixed_precision.op_wise", 11, "fp32"},
      {11, "mixed_precision: {op_wise: {c: {weight: {dtype: fp32, scheme: [sym]}}}}", "unsupported",
       "mixed_precision.op_wise.c.weight.scheme", 11, ""},
  });
  CHECK(JobFolder().lint(with_line(11, "device: cpu")).warnings.empty());
}

TEST_CASE("contradictions that have an answer are warnings") {
  check_warnings({
      {10, "  accuracy_criterion: {higher_is_better: False}", "invalid",
       criterion + ".higher_is_better", 10, "leave it out"},
      {8,
       "    configs: {intra_num_of_threads: 4}\n  performance:\n    configs: "
       "{cores_per_instance: 2}",
       "invalid", "evaluation.performance.configs", 10, ""},
  });
}

TEST_CASE("all problems are found at once, in the file's order") {
  const Lint found = JobFolder().lint(
      "model: {name: net, path: absent.onnx, framework: onnx}\n"
      "evaluation:\n"
      "  accuracy:\n"
      "    metric: {topkk: 1}\n"
      "    dataloader:\n"
      "      batch_size: no\n"
      "      dataset: {npy: {input: a.npy, label: b.npy}}\n"
      "tuning: {accuracy_criterion: {relative: 2}, wheels: 4}\n");
  std::vector<int> lines;
  for (const Problem& problem : found.errors) lines.push_back(problem.place.line);
  CHECK(lines == std::vector<int>{1, 4, 6, 7, 7, 8, 8});
  CHECK(found.warnings.size() == 1);
}

TEST_CASE("what is not a job file gives one error") {
  const JobFolder folder;
  const auto only_error = [&](const std::string& text) {
    const Lint found = folder.lint(text);
    REQUIRE(found.errors.size() == 1);
    return found.errors.front();
  };
  CHECK(only_error("person: 1\nbicycle: 2\ncar: 3\n").code == ProblemCode::invalid);
  CHECK(only_error("- a\n- b\n").code == ProblemCode::invalid);
  CHECK(only_error("just text\n").code == ProblemCode::invalid);
  CHECK(only_error(std::string(70000, ' ')).code == ProblemCode::invalid);
  const Problem syntax = only_error(with_line(10, "  accuracy_criterion: {relative: 0.01"));
  CHECK(syntax.code == ProblemCode::syntax);
  CHECK(syntax.place.line >= 10);
}

TEST_CASE("a job file of any name can be described in JSON") {
  const Lint found = lint_text("a: 1\n", "/no/\xff\n.yaml");
  REQUIRE(found.errors.size() == 1);
  CHECK(to_json(found).dump().find("\\n") == std::string::npos);
}

TEST_CASE("a job file's odd words never break a message's line") {
  const Lint found = JobFolder().lint(good_job + "\"a\\nb\": 1\n");
  REQUIRE(found.errors.size() == 1);
  CHECK(to_string(found.errors.front()).find('\n') == std::string::npos);
}
