#include "job/job_file.hpp"

#include <algorithm>
#include <tuple>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "job/document.hpp"
#include "job/job_reader.hpp"
#include "job/key.hpp"
#include "job/nearest.hpp"
#include "job/report.hpp"

namespace ampd::job {
namespace {

void sort_by_place(std::vector<Problem>& problems) {
  std::ranges::stable_sort(problems, {}, [](const Problem& problem) {
    return std::tuple(problem.place.line, problem.place.column);
  });
}

/// Whether a mapping of other things was taken for a job file: then one error says so, not one for
/// each of its keys.
bool is_something_else(const Node& root) {
  if (root.is_null() || (root.is_mapping() && root.children.empty())) return false;
  if (!root.is_mapping()) return true;
  const auto is_near = [](const Node& child) {
    return std::ranges::any_of(keys(), [&](const Key& key) {
      return key.section.empty() && child.key.size() < 64 &&
             edit_distance(key.name, child.key) <= 1;
    });
  };
  return std::ranges::none_of(root.children, is_near);
}

Place place_of_max_trials(const Node& root) {
  Place place;
  const Node* node = &root;
  for (const std::string_view key : {"tuning", "exit_policy", "max_trials"}) {
    node = node->find(key);
    if (node == nullptr) break;
    place = node->key_place;
  }
  return place;
}

bool is_text(const std::filesystem::path& path) {
  try {
    nlohmann::json(path.string()).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

void read_root(Report& report, const std::string& text, const std::filesystem::path& path,
               Purpose purpose, Lint& result) {
  if (text.size() > static_cast<std::size_t>(base::limits::job_file_bytes)) {
    report.error(ProblemCode::invalid, {}, "",
                 std::to_string(text.size()) + " bytes are too much for a job file; the limit is " +
                     std::to_string(base::limits::job_file_bytes));
    return;
  }
  const Node root = parse_document(text);
  if (is_something_else(root)) {
    report.error(ProblemCode::invalid, root.place, "",
                 "this is not a job file: it must be a mapping with model, evaluation and tuning");
    return;
  }
  const std::filesystem::path folder =
      std::filesystem::absolute(path).lexically_normal().parent_path();
  if (!is_text(folder)) {
    report.error(ProblemCode::unsupported, {}, "", "the folder's name is not UTF-8 text");
    return;
  }
  result.max_trials_place = place_of_max_trials(root);
  result.job = read_document(report, root, folder, purpose);
}

}  // namespace

Lint lint_text(const std::string& text, const std::filesystem::path& path, Purpose purpose) {
  Lint result;
  Report report(path.string());
  result.file = report.file();
  try {
    read_root(report, text, path, purpose, result);
  } catch (const DocumentError& error) {
    report.error(error.code, error.place, "", error.what());
  }
  result.errors = report.errors();
  result.warnings = report.warnings();
  sort_by_place(result.errors);
  sort_by_place(result.warnings);
  if (!result.errors.empty()) result.job.reset();
  return result;
}

Lint lint(const std::filesystem::path& path, Purpose purpose) {
  try {
    return lint_text(base::read_text(path, base::limits::job_file_bytes), path, purpose);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::exhausted) throw;
    Lint result;
    Report report(path.string());
    report.error(ProblemCode::invalid, {}, "", error.what());
    result.file = report.file();
    result.errors = report.errors();
    return result;
  }
}

const Job& require_job(const Lint& lint) {
  constexpr std::size_t shown_max = 20;
  if (lint.job) return *lint.job;
  std::string sentence;
  for (std::size_t i = 0; i < std::min(lint.errors.size(), shown_max); ++i) {
    sentence += (i == 0 ? "" : "\n") + to_string(lint.errors[i]);
  }
  if (lint.errors.size() > shown_max) {
    sentence += "\nand " + std::to_string(lint.errors.size() - shown_max) + " more errors";
  }
  throw Error(ErrorCode::invalid, sentence);
}

Job read_job(const std::filesystem::path& path) {
  return require_job(lint(path));
}

std::optional<std::string> trial_limit_warning(const Job& job, std::int64_t free_ops) {
  const ExitPolicy& policy = job.settings.exit_policy;
  if (policy.performance_only || 2 * free_ops <= policy.max_trials) return std::nullopt;
  return "tuning.exit_policy.max_trials is " + std::to_string(policy.max_trials) + ", but " +
         std::to_string(free_ops) + " operators can take up to " + std::to_string(2 * free_ops) +
         " trials";
}

void add_trial_limit_warning(Lint& lint, std::int64_t free_ops) {
  AMPD_CHECK(lint.job.has_value());
  const auto message = trial_limit_warning(*lint.job, free_ops);
  if (!message) return;
  lint.warnings.push_back({ProblemCode::invalid, lint.file, lint.max_trials_place,
                           "tuning.exit_policy.max_trials", *message,
                           "max_trials: " + std::to_string(2 * free_ops)});
  sort_by_place(lint.warnings);
}

nlohmann::json to_json(const Lint& lint) {
  nlohmann::json json{{"errors", nlohmann::json::array()}, {"warnings", nlohmann::json::array()}};
  for (const Problem& problem : lint.errors) json["errors"].push_back(to_json(problem));
  for (const Problem& problem : lint.warnings) json["warnings"].push_back(to_json(problem));
  return json;
}

}  // namespace ampd::job
