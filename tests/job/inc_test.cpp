// Job files in the shapes that Intel Neural Compressor's users have: none may be taken for YAML
// that cannot be read or for unknown keys.
#include <doctest/doctest.h>

#include "job_folder.hpp"

using namespace ampd::job;

namespace {

/// The codes of a text's errors, each once, sorted.
std::string codes(const std::string& text) {
  std::vector<std::string> found;
  for (const Problem& problem : JobFolder().lint(text).errors) {
    found.emplace_back(to_string(problem.code));
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::string joined;
  for (const std::string& code : found) joined += (joined.empty() ? "" : " ") + code;
  return joined;
}

}  // namespace

TEST_CASE("a quantization job in full is read") {
  CHECK(codes(R"(
version: 1.0                                # a comment
model:
  name: ssd
  framework: onnxrt_qlinearops
  inputs: image_tensor
  outputs: num_detections,detection_boxes
device: cpu
quantization:
  approach: post_training_static_quant
  recipes: {scale_propagation_max_pooling: True}
  calibration:
    sampling_size: 50, 100
    dataloader:
      dataset: {ImagenetRaw: {data_path: /path/to/data, image_list: /path/to/list}}
      filter: {LabelBalance: {size: 1}}
  model_wise: {activation: {dtype: int8, fp32, algorithm: minmax, kl}}
  op_wise: {
     'Gather_.*?':{
     'activation':  {'dtype': ['fp32'], 'scheme':['sym']},
     'weight': {'dtype': ['fp32']}
     },
    '[3-9]\d{3,}': {'activation': {'dtype': ['uint8', 'fp32'], 'algorithm': ['minmax', 'kl']}},
 
  }
evaluation:
  accuracy:
    metric:
      topk: 1
    configs:
      cores_per_instance: 28
      num_of_instance: 1
      inter_num_of_threads: 4
      kmp_blocktime: 1
      kmp_affinity: granularity=fine,verbose,compact,1,0
    dataloader:
      batch_size: 256
      last_batch: rollover
      shuffle: False
      distributed: False
      dataset:
        ImagenetRaw:
          data_path: /path/to/data
      transform:
        ParseDecodeImagenet:
        ResizeWithAspectRatio: 
          height: 224
          width: 224
        CenterCrop:
          size: 224
        Normalize: 
          mean: [123.68, 116.78, 103.94]
        Cast: 
          dtype: float32
        Transpose: 
          perm: [2, 0, 1]
    postprocess:
      transform:
        LabelShift: -1
  performance:
    warmup: 10
    iteration: -1
    configs: {cores_per_instance: 4, num_of_instance: 7}
    dataloader: {dataset: {dummy: {shape: [[128, 3, 224, 224], [128, 1, 1, 1]]}}}
tuning:
  strategy: {name: sigopt, sigopt_api_token: T, sigopt_project_id: P, accuracy_weight: 1.0}
  accuracy_criterion:
    relative:  0.01
  objective: performance
  exit_policy: {timeout: 0, max_trials: 100, performance_only: False}
  random_seed: 9527
  tensorboard: True
  workspace: {path: /path/to/saving/directory, resume: /path/to/a/snapshot}
  diagnosis: {diagnosis_after_tuning: True, op_list: [], inspect_type: all}
)") == "missing unsupported");
}

TEST_CASE("pruning and distillation jobs with tags are read") {
  CHECK(codes(R"(
version: 1.0
model:
  name: "bert-mini"
  framework: "pytorch"
pruning:
  train: {optimizer: {AdamW: {learning_rate: 0.001}}, criterion: {CrossEntropyLoss: {}}}
  approach:
    weight_compression:
      excluded_names: ["classifier", ".*embeddings*"]
      pruners:
        - !Pruner
            ##"to_prune_layers": [".*query"]
            pattern: "4x1"
            parameters: {
                alpha: 0.006,
                pattern: tile_pattern_1x2
            }
        - !Pruner
            start_epoch: 0
distillation:
  train:
    criterion:
      SelfKnowledgeDistillationLoss:
        layer_mappings: [
          [['a.output', 'b.output'],
          ['c.output','d.output']]
        ]
nas: {approach: dynas, dynas: {supernet: ofa_resnet50}}
)") == "missing");
}

TEST_CASE("empty sections and metrics without data are read") {
  CHECK(codes("model:\n  name: a\nevaluation:\n  accuracy:\n  performance:\n    warmup: 1\n") ==
        "missing");
  CHECK(codes("model: {name: bert, framework: engine, inputs: [], outputs: []}\n"
              "evaluation: {accuracy: {}, performance: {iteration: 20}}\n") == "missing");
  CHECK(codes("model:\n  name: gpt2 \nevaluation:\n  accuracy:\n    metric:\n      MSE: \n"
              "        compare_label: False\n"
              "tuning: {accuracy_criterion: {relative: 0.999}}\n") == "missing");
  CHECK(codes("model:\n  name: bert\nevaluation:\n  accuracy:\n    metric:\n      SquadF1:\n"
              "    postprocess:\n      transform:\n        Collect:\n          length: 10833\n") ==
        "missing unsupported");
  CHECK(codes("model: {name: a}\nevaluation: {accuracy: {metric: {COCOmAPv2: {anno_path: a, "
              "output_index_mapping: {boxes: 0}}}}}\n") == "missing unsupported");
  CHECK(codes("model:\n  name: mnist\n  framework: pytorch\n") == "missing");
}

TEST_CASE("the forms before 1.0 are known") {
  CHECK(codes("framework:\n  - name: pytorch\ncalibration: {iterations: 10}\ntensorboard: true\n"
              "evaluation: {dataloader: {batch_size: 30}}\n"
              "tuning:\n  metric: {topk: 1}\n  accuracy_criterion:\n    - relative: 0.01\n"
              "  timeout: 0\n") == "invalid missing unsupported");
  CHECK(codes("framework:\n  - name: mxnet\ntuning:\n  - dataloader: val_loader\n"
              "    customized_ops: {conv2d_1:[fp32], conv2d_2:[int8, sym, channel]}\n") ==
        "invalid missing");
  CHECK(codes("calibration:\n  dataset: \"/data\"\ntuning:\n  metrics: accuracy\n  target: 0.01\n  "
              "customized_ops: {a:[fp32]}\n") == "missing unsupported");
}

TEST_CASE("other YAML files that lie beside job files give one error that says so") {
  CHECK(codes("person: 1\nbicycle: 2\n") == "invalid");
  CHECK(codes("---\n-\n  version:\n    name: ['2.1.0']\n  ops: &common {int8: ['Conv2D']}\n") ==
        "invalid");
}
