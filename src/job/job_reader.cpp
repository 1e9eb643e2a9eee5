#include "job/job_reader.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "job/component_reader.hpp"
#include "job/constraint_reader.hpp"
#include "job/evaluation_reader.hpp"
#include "job/key.hpp"
#include "job/nearest.hpp"
#include "job/section.hpp"
#include "job/tuning_reader.hpp"
#include "job/unoffered_precision.hpp"

namespace ampd::job {
namespace {

bool is_number(const std::string& name) {
  return name.find_first_not_of("0123456789") == std::string::npos;
}

void read_name(const Section& model, Job& job) {
  job.name = model.text("name").value_or(job.model_path.stem().string());
  if (job.name.size() > static_cast<std::size_t>(base::limits::name_characters)) {
    model.error(ProblemCode::invalid, "name", "model.name is too long for a name");
  } else if (!job.name.empty() && is_number(job.name)) {
    model.error(ProblemCode::invalid, "name",
                "model.name must not be a number: jobs are also called by their number",
                "model_" + job.name);
  }
}

void read_model(const Section& model, const ComponentReader& components, Purpose purpose,
                Job& job) {
  if (model.text("path")) {
    job.model_path = components.path("model.path", *model.find("path"), false);
  } else if (model.find("path") == nullptr && purpose == Purpose::job) {
    model.missing("path", "the trained fp32 ONNX model", "path: model.onnx");
  }
  read_name(model, job);
  job.inputs = model.texts("inputs").value_or(std::vector<std::string>{});
  job.outputs = model.texts("outputs").value_or(std::vector<std::string>{});
}

void read_precisions(const Section& section, Job& job) {
  const auto words = section.texts("precisions");
  if (!words) return;
  const std::string key = join(section.path(), "precisions");
  const std::vector<std::string> offered{"bf16", "fp32"};
  std::vector<Precision> low;
  for (const std::string& word : *words) {
    const auto precision = parse_precision(word);
    if (!precision) {
      section.error(ProblemCode::invalid, "precisions",
                    key + ": there is no precision \"" + word + "\"", nearest(word, offered));
      return;
    }
    if (std::ranges::count(offered, word) == 0) {
      section.error(ProblemCode::unsupported, "precisions",
                    key + ": " + why_not_offered(*precision), offered.front());
      return;
    }
    const bool is_new = std::ranges::count(low, *precision) == 0;
    if (*precision != Precision::fp32 && is_new) low.push_back(*precision);
  }
  if (low.empty()) {
    section.error(ProblemCode::invalid, "precisions", key + " names no precision below fp32",
                  offered.front());
    return;
  }
  job.precisions = low;
}

void read_mixed_precision(const Section& section, Job& job) {
  read_precisions(section, job);
  const auto add = [&](Constraint::Scope scope, std::string_view name) {
    const Node* node = section.find(name);
    if (node == nullptr) return;
    std::ranges::move(read_constraints(section.report(), scope, join(section.path(), name), *node),
                      std::back_inserter(job.constraints));
  };
  add(Constraint::Scope::op_type, "optype_wise");
  add(Constraint::Scope::op, "op_wise");
}

void read_device(const Section& top) {
  const auto device = top.text("device");
  if (!device || *device == "cpu") return;
  top.warning(ProblemCode::unsupported, "device",
              "the device " + *device + " is ignored: ampd runs on the CPU");
}

}  // namespace

Job read_document(Report& report, const Node& root, const std::filesystem::path& folder,
                  Purpose purpose) {
  Job job;
  job.folder = folder;
  const ComponentReader components(report, folder);
  const Section top(report, "", &root, {});
  if (const Node* quantization = top.find("quantization")) {
    job.constraints = read_quantization_constraints(*quantization);
  }
  read_device(top);
  read_model(top.section("model"), components, purpose, job);
  read_mixed_precision(top.section("graph_optimization"), job);
  read_mixed_precision(top.section("mixed_precision"), job);
  read_evaluation(top.section("evaluation"), components, purpose, job);
  read_tuning(top.section("tuning"), job);
  return job;
}

}  // namespace ampd::job
