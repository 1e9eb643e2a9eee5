#include "job/key.hpp"

#include "job/nearest.hpp"

namespace ampd::job {
namespace {

using enum Key::Use;

const std::string elsewhere = "another feature of Intel Neural Compressor";
const std::string own_engine = "ampd executes ONNX models itself";
const std::string one_process = "ampd runs one process with the threads of intra_num_of_threads";
const std::string other_strategy = "of another strategy";

void add_top(std::vector<Key>& table) {
  table.insert(
      table.end(),
      {{"", "model", read, "mapping", "required", "which model"},
       {"", "mixed_precision", read, "mapping", "", "the precisions that are tried"},
       {"", "graph_optimization", read, "mapping", "",
        "the older name of `mixed_precision`, which counts where both are given"},
       {"", "evaluation", read, "mapping", "required", "how accuracy and latency are measured"},
       {"", "tuning", read, "mapping", "", "the goal, and when the search ends"},
       {"", "device", read, "text", "cpu",
        "ampd runs on nothing else; another device is ignored with a warning"},
       {"", "version", ignored, "", "", "ampd reads every 1.x form"},
       {"", "quantization", ignored, "", "",
        "this is about int8; only entries of op_wise and optype_wise that name fp32 or bf16 alone "
        "are used"},
       {"", "pruning", ignored, "", "", elsewhere},
       {"", "distillation", ignored, "", "", elsewhere},
       {"", "auto_distillation", ignored, "", "", elsewhere},
       {"", "nas", ignored, "", "", elsewhere},
       {"", "train", ignored, "", "", elsewhere},
       {"", "model_conversion", ignored, "", "", elsewhere},
       {"", "use_bf16", ignored, "", "", "`mixed_precision.precisions` says it"},
       {"", "optimization_level", ignored, "", "", "ampd always optimizes the graph"}});
}

void add_model(std::vector<Key>& table) {
  table.insert(
      table.end(),
      {{"model", "path", read, "file", "required", "the trained fp32 ONNX model"},
       {"model", "name", read, "text", "the file's name", "the job's name; not a number"},
       {"model", "inputs", read, "texts", "the model's",
        "the model's inputs, in the order of the dataset's"},
       {"model", "outputs", read, "texts", "all", "the model's outputs that the metric reads"},
       {"model", "framework", ignored, "", "", own_engine},
       {"model", "mode", ignored, "", "", own_engine}});
}

void add_precisions(std::vector<Key>& table) {
  for (const std::string section : {"mixed_precision", "graph_optimization"}) {
    table.insert(
        table.end(),
        {{section, "precisions", read, "texts", "bf16",
          "the precision below fp32 that is tried; fp32 may stand beside it. fp16 is refused: "
          "oneDNN has no kernel that computes in it here"},
         {section, "op_wise", read, "constraints", "",
          "precisions of single operators: a pattern of names, then `fp32` or `bf16`"},
         {section, "optype_wise", read, "constraints", "",
          "precisions of all operators of a type: a pattern of types, then as above"}});
  }
  table.push_back({"graph_optimization", "patterns", ignored, "", "", "ampd fuses what it can"});
}

void add_accuracy(std::vector<Key>& table) {
  const std::string accuracy = "evaluation.accuracy";
  const std::string dataloader = "evaluation.accuracy.dataloader";
  table.insert(
      table.end(),
      {{"evaluation", "accuracy", read, "mapping", "", "accuracy as ampd measures it"},
       {"evaluation", "eval_func", read, "mapping", "",
        "instead of `accuracy`: your own command measures it"},
       {"evaluation", "performance", read, "mapping", "", "how latency is measured"},
       {accuracy, "metric", read, "metric", "required", "one of the metrics below"},
       {accuracy, "dataloader", read, "mapping", "required", "the samples"},
       {accuracy, "iteration", read, "integer", "-1", "batches that are evaluated; -1: all"},
       {accuracy, "postprocess", read, "mapping", "", "between the model and the metric"},
       {accuracy, "configs", read, "mapping", "", "threads and lanes"},
       {accuracy, "multi_metrics", refused, "", "", "metric, with one of them"},
       {"evaluation.accuracy.postprocess", "transform", read, "postprocess transforms", "",
        "from the list below, in order"},
       {dataloader, "dataset", read, "dataset", "required", "one of the datasets below"},
       {dataloader, "batch_size", read, "integer", "1", "samples that the model gets at once"},
       {dataloader, "last_batch", read, "text", "rollover",
        "a last batch that is not full: `rollover` evaluates it, `discard` leaves it out"},
       {dataloader, "transform", read, "transforms", "", "from the list below, in order"},
       {dataloader, "filter", refused, "", "", "a dataset of only the samples that are wanted"},
       {dataloader, "shuffle", ignored, "", "", "the order of samples does not change an accuracy"},
       {dataloader, "distributed", ignored, "", "", "ampd evaluates on one machine"},
       {"evaluation.eval_func", "command", read, "texts", "required",
        "program and arguments; its last line of output is the accuracy, higher is better"},
       {"evaluation.eval_func", "timeout", read, "number", "0",
        "seconds that one run may take; 0: as long as it wants"}});
}

void add_performance(std::vector<Key>& table) {
  const std::string performance = "evaluation.performance";
  table.insert(
      table.end(),
      {{performance, "warmup", read, "integer", "5", "rounds before the measured ones"},
       {performance, "iteration", read, "integer", "30", "measured rounds; -1: the default"},
       {performance, "configs", read, "mapping", "", "threads"},
       {performance, "dataloader", ignored, "", "",
        "latency is measured on the samples of `evaluation.accuracy`"},
       {performance, "postprocess", ignored, "", "", "latency is the model's own"}});
  table.push_back({"evaluation.accuracy.configs", "lanes", read, "integer", "by the model's size",
                   "batches that are evaluated at once, each by its share of the threads; 1 where "
                   "threads are named and this is not"});
  for (const std::string section :
       {"evaluation.accuracy.configs", "evaluation.performance.configs"}) {
    table.insert(table.end(),
                 {{section, "intra_num_of_threads", read, "integer", "the physical cores",
                   "threads of the engine; accuracy's counts for both"},
                  {section, "cores_per_instance", read, "integer", "the physical cores",
                   "threads, where intra_num_of_threads is not given"},
                  {section, "num_of_instance", ignored, "", "", one_process},
                  {section, "inter_num_of_threads", ignored, "", "", one_process},
                  {section, "kmp_blocktime", ignored, "", "", "ampd sets up its own thread pool"},
                  {section, "kmp_affinity", ignored, "", "", "ampd sets up its own thread pool"}});
  }
}

void add_tuning(std::vector<Key>& table) {
  table.insert(
      table.end(),
      {{"tuning", "strategy", read, "mapping", "", "the search"},
       {"tuning", "accuracy_criterion", read, "mapping", "", "the accuracy goal"},
       {"tuning", "objective", read, "text", "performance",
        "what is best among configs that meet the goal: `performance`, `modelsize`, `footprint` or "
        "`accuracy`"},
       {"tuning", "exit_policy", read, "mapping", "", "when the search ends"},
       {"tuning", "random_seed", read, "integer", "1978", "seed of random datasets"},
       {"tuning", "multi_objectives", refused, "", "", "objective, with one of them"},
       {"tuning", "tensorboard", ignored, "", "", "ampd's results are in its database"},
       {"tuning", "workspace", ignored, "", "", "ampd keeps its work in its state directory"},
       {"tuning", "snapshot", ignored, "", "", "ampd keeps its work in its state directory"},
       {"tuning", "diagnosis", ignored, "", "", elsewhere},
       {"tuning.strategy", "name", read, "text", "auto_mixed_precision",
        "the search; Intel Neural Compressor's other strategies run this one, with a warning"},
       {"tuning.strategy", "refine", read, "true or false", "false",
        "go on from the best config that meets the goal: operators back to the low precision, one "
        "at a time, while the goal is kept"},
       {"tuning.strategy", "early_abort", read, "true or false", "true",
        "end a trial as soon as the samples left cannot make it matter; no result changes"},
       {"tuning.strategy", "share_results", read, "true or false", "false",
        "take accuracies from earlier jobs with the same model, data, evaluation and fingerprint"},
       {"tuning.strategy", "sigopt_api_token", ignored, "", "", other_strategy},
       {"tuning.strategy", "sigopt_project_id", ignored, "", "", other_strategy},
       {"tuning.strategy", "sigopt_experiment_name", ignored, "", "", other_strategy},
       {"tuning.strategy", "accuracy_weight", ignored, "", "", other_strategy},
       {"tuning.strategy", "latency_weight", ignored, "", "", other_strategy},
       {"tuning.strategy", "confidence_batches", ignored, "", "", other_strategy},
       {"tuning.strategy", "hawq_v2_loss", ignored, "", "", other_strategy}});
}

void add_goal(std::vector<Key>& table) {
  table.insert(
      table.end(),
      {{"tuning.accuracy_criterion", "relative", read, "share", "0.01",
        "loss that is accepted, as a share of the baseline, between -1 and 1; `1%` is 0.01"},
       {"tuning.accuracy_criterion", "absolute", read, "share", "",
        "instead of `relative`: loss that is accepted; negative: a gain that is demanded"},
       {"tuning.accuracy_criterion", "higher_is_better", read, "true or false", "the metric's own",
        "the direction of the accuracy"},
       {"tuning.exit_policy", "timeout", read, "number", "0",
        "seconds of execution; 0: end at the first config that meets the goal"},
       {"tuning.exit_policy", "max_trials", read, "integer", "100",
        "configs that are tried at most, the fp32 baseline not counted"},
       {"tuning.exit_policy", "performance_only", read, "true or false", "false",
        "end after the config with every operator in the low precision"}});
}

/// Keys of the forms before 1.0, which still lie about.
void add_older(std::vector<Key>& table) {
  table.insert(table.end(),
               {{"", "framework", ignored, "", "", own_engine},
                {"", "calibration", ignored, "", "", "this is about int8"},
                {"", "tensorboard", ignored, "", "", "ampd's results are in its database"},
                {"", "customized_ops", refused, "", "", "mixed_precision.op_wise"},
                {"evaluation", "dataloader", refused, "", "", "evaluation.accuracy.dataloader"},
                {"tuning", "customized_ops", refused, "", "", "mixed_precision.op_wise"},
                {"tuning", "dataloader", refused, "", "", "evaluation.accuracy.dataloader"},
                {"tuning", "metric", refused, "", "", "evaluation.accuracy.metric"},
                {"tuning", "metrics", refused, "", "", "evaluation.accuracy.metric"},
                {"tuning", "target", refused, "", "", "tuning.accuracy_criterion"},
                {"tuning", "timeout", refused, "", "", "tuning.exit_policy.timeout"}});
}

std::vector<Key> make_table() {
  std::vector<Key> table;
  add_top(table);
  add_model(table);
  add_precisions(table);
  add_accuracy(table);
  add_performance(table);
  add_tuning(table);
  add_goal(table);
  add_older(table);
  return table;
}

}  // namespace

std::span<const Key> keys() {
  static const std::vector<Key> table = make_table();
  return table;
}

const Key* find_key(std::string_view section, std::string_view name) {
  for (const Key& key : keys()) {
    if (key.section == section && key.name == name) return &key;
  }
  return nullptr;
}

std::vector<std::string> key_names(std::string_view section) {
  std::vector<std::string> names;
  for (const Key& key : keys()) {
    if (key.section == section && key.use == read) names.push_back(key.name);
  }
  return names;
}

std::string suggest_key(std::string_view section, std::string_view name) {
  std::vector<std::string> siblings;
  for (const Key& key : keys()) {
    if (key.section == section) siblings.push_back(key.name);
  }
  const std::string sibling = nearest(name, siblings);
  if (!sibling.empty()) return sibling;
  for (const Key& key : keys()) {
    if (key.name == name && key.use == read) return join(key.section, key.name);
  }
  return {};
}

std::string join(std::string_view section, std::string_view name) {
  return section.empty() ? std::string(name) : std::string(section) + "." + std::string(name);
}

}  // namespace ampd::job
