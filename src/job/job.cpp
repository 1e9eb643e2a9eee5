#include "job/job.hpp"

#include <algorithm>
#include <utility>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/digest.hpp"
#include "job/catalogue.hpp"

namespace ampd::job {
namespace {

using nlohmann::json;

constexpr int format_version = 1;

json precisions_to_json(const std::vector<Precision>& precisions) {
  json list = json::array();
  for (const Precision precision : precisions) list.push_back(to_string(precision));
  return list;
}

std::vector<Precision> precisions_from_json(const json& list) {
  std::vector<Precision> precisions;
  for (const auto& word : list.get<std::vector<std::string>>()) {
    const auto precision = parse_precision(word);
    if (!precision) throw Error(ErrorCode::invalid, "a job's precision is \"" + word + "\"");
    precisions.push_back(*precision);
  }
  return precisions;
}

json component_to_json(const Component& component) {
  return {{"name", component.name}, {"parameters", component.parameters}};
}

Component component_from_json(Role role, const json& value) {
  Component component{value.at("name"), value.at("parameters")};
  const Entry* entry = find(role, component.name);
  if (entry == nullptr || !entry->is_offered() || entry->name != component.name ||
      !component.parameters.is_object()) {
    throw Error(ErrorCode::invalid,
                "a job's " + std::string(to_string(role)) + " is " + value.dump());
  }
  return component;
}

json components_to_json(const std::vector<Component>& components) {
  json list = json::array();
  for (const Component& component : components) list.push_back(component_to_json(component));
  return list;
}

std::vector<Component> components_from_json(Role role, const json& list) {
  std::vector<Component> components;
  for (const json& value : list) components.push_back(component_from_json(role, value));
  return components;
}

json evaluation_to_json(const MetricEvaluation& evaluation) {
  const Dataloader& loader = evaluation.dataloader;
  return {{"metric", component_to_json(evaluation.metric)},
          {"batches_max", evaluation.batches_max},
          {"postprocess", components_to_json(evaluation.postprocess)},
          {"dataloader",
           {{"batch_size", loader.batch_size},
            {"discard_last_batch", loader.discard_last_batch},
            {"dataset", component_to_json(loader.dataset)},
            {"transforms", components_to_json(loader.transforms)}}}};
}

json evaluation_to_json(const CommandEvaluation& evaluation) {
  return {{"command", evaluation.command}, {"timeout_seconds", evaluation.timeout_seconds}};
}

std::variant<MetricEvaluation, CommandEvaluation> evaluation_from_json(const json& value) {
  if (value.contains("command")) {
    return CommandEvaluation{value.at("command"), value.at("timeout_seconds")};
  }
  const json& loader = value.at("dataloader");
  MetricEvaluation evaluation;
  evaluation.metric = component_from_json(Role::metric, value.at("metric"));
  evaluation.batches_max = value.at("batches_max");
  evaluation.postprocess = components_from_json(Role::postprocess, value.at("postprocess"));
  evaluation.dataloader.batch_size = loader.at("batch_size");
  evaluation.dataloader.discard_last_batch = loader.at("discard_last_batch");
  evaluation.dataloader.dataset = component_from_json(Role::dataset, loader.at("dataset"));
  evaluation.dataloader.transforms = components_from_json(Role::transform, loader.at("transforms"));
  return evaluation;
}

/// What is off is left out, so that jobs from before it was offered stay as they are.
json settings_to_json(const TuneSettings& settings) {
  json value = {{"criterion",
                 {{"relative", settings.criterion.relative},
                  {"tolerance", settings.criterion.tolerance},
                  {"higher_is_better", settings.criterion.higher_is_better}}},
                {"objective", to_string(settings.objective)},
                {"exit_policy",
                 {{"timeout_seconds", settings.exit_policy.timeout_seconds},
                  {"max_trials", settings.exit_policy.max_trials},
                  {"performance_only", settings.exit_policy.performance_only}}}};
  if (settings.refine) value["refine"] = true;
  if (settings.early_abort) value["early_abort"] = true;
  return value;
}

TuneSettings settings_from_json(const json& value) {
  const json& criterion = value.at("criterion");
  const json& policy = value.at("exit_policy");
  const auto objective = parse_objective(value.at("objective").get<std::string>());
  if (!objective) {
    throw Error(ErrorCode::invalid, "a job's objective is " + value.at("objective").dump());
  }
  return {{criterion.at("relative"), criterion.at("tolerance"), criterion.at("higher_is_better")},
          *objective,
          {policy.at("timeout_seconds"), policy.at("max_trials"), policy.at("performance_only")},
          value.value("refine", false),
          value.value("early_abort", false)};
}

json constraint_to_json(const Constraint& constraint) {
  return {{"scope", constraint.scope == Constraint::Scope::op ? "op" : "op_type"},
          {"pattern", constraint.pattern},
          {"allowed", precisions_to_json(constraint.allowed)},
          {"must_match", constraint.must_match}};
}

Constraint constraint_from_json(const json& value) {
  return {value.at("scope") == "op" ? Constraint::Scope::op : Constraint::Scope::op_type,
          value.at("pattern"), precisions_from_json(value.at("allowed")), value.at("must_match")};
}

Job read(const json& value) {
  Job job;
  job.name = value.at("name");
  job.folder = value.at("folder").get<std::string>();
  job.model_path = value.at("model_path").get<std::string>();
  job.inputs = value.at("inputs").get<std::vector<std::string>>();
  job.outputs = value.at("outputs").get<std::vector<std::string>>();
  job.precisions = precisions_from_json(value.at("precisions"));
  job.evaluation = evaluation_from_json(value.at("evaluation"));
  job.performance = {value.at("performance").at("warmup"), value.at("performance").at("rounds")};
  job.settings = settings_from_json(value.at("settings"));
  for (const json& constraint : value.at("constraints")) {
    job.constraints.push_back(constraint_from_json(constraint));
  }
  job.threads = value.at("threads");
  job.lanes = value.value("lanes", 1);
  job.shares_results = value.value("shares_results", false);
  job.seed = value.at("seed");
  return job;
}

}  // namespace

Precision Job::target() const {
  const auto low =
      std::ranges::find_if(precisions, [](Precision p) { return p != Precision::fp32; });
  AMPD_CHECK(low != precisions.end());
  return *low;
}

json to_json(const Job& job) {
  json constraints = json::array();
  for (const Constraint& constraint : job.constraints) {
    constraints.push_back(constraint_to_json(constraint));
  }
  json value = {
      {"version", format_version},
      {"name", job.name},
      {"folder", job.folder.string()},
      {"model_path", job.model_path.string()},
      {"inputs", job.inputs},
      {"outputs", job.outputs},
      {"precisions", precisions_to_json(job.precisions)},
      {"evaluation",
       std::visit([](const auto& e) { return evaluation_to_json(e); }, job.evaluation)},
      {"performance", {{"warmup", job.performance.warmup}, {"rounds", job.performance.rounds}}},
      {"settings", settings_to_json(job.settings)},
      {"constraints", constraints},
      {"threads", job.threads},
      {"seed", job.seed}};
  if (job.lanes != 1) value["lanes"] = job.lanes;
  if (job.shares_results) value["shares_results"] = true;
  return value;
}

Job from_json(const json& value) {
  try {
    Job job = read(value);
    const bool has_target =
        std::ranges::any_of(job.precisions, [](Precision p) { return p != Precision::fp32; });
    if (!has_target || to_json(job) != value) {
      throw Error(ErrorCode::invalid, "this is not the JSON of a job as ampd writes it");
    }
    return job;
  } catch (const json::exception& error) {
    throw Error(ErrorCode::invalid, std::string("this is not the JSON of a job: ") + error.what());
  }
}

std::string digest(const Job& job) {
  return base::sha256(to_json(job).dump());
}

}  // namespace ampd::job
