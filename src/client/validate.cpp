#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "ampd/error.hpp"
#include "base/exit_code.hpp"
#include "base/files.hpp"
#include "client/model_options.hpp"
#include "client/output.hpp"
#include "client/worker.hpp"
#include "client/worker_verbs.hpp"

namespace ampd::client {
namespace {

namespace fs = std::filesystem;
using protocol::CaseStatus;

constexpr double tolerance_max = 1e30;

struct Options {
  std::vector<fs::path> folders;
  std::string precision = "fp32";
  double relative_tolerance = 1e-3;
  double absolute_tolerance = 1e-7;
  int threads = 0;
};

struct Case {
  std::string name;
  protocol::Validated result;
};

bool is_case(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "model.onnx", ignored);
}

/// The folder itself or the cases in it, by name. Throws Error(not_found) when there are none.
std::vector<fs::path> cases_in(const fs::path& folder) {
  if (is_case(folder)) return {fs::absolute(folder).lexically_normal()};
  std::vector<fs::path> cases;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (is_case(entry.path())) cases.push_back(fs::absolute(entry.path()).lexically_normal());
  }
  if (error) base::throw_system_error("cannot read", folder, error.value());
  if (cases.empty()) {
    throw Error(ErrorCode::not_found, folder.string() +
                                          " is no conformance case and holds none: a case is a "
                                          "folder with model.onnx and test_data_set_*");
  }
  std::ranges::sort(cases);
  return cases;
}

std::string name_of(const fs::path& folder) {
  return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

/// A worker that dies of a case fails that case alone.
protocol::Validated run(const fs::path& folder, const Options& options, Worker& worker) {
  protocol::Validate order{folder, parse_precision(options.precision).value(),
                           options.relative_tolerance, options.absolute_tolerance};
  const auto end = worker.try_ask(std::move(order));
  if (const auto* died = std::get_if<runner::Died>(&end)) {
    return {CaseStatus::failed, died->reason, std::nullopt};
  }
  const protocol::Reply& reply = std::get<Answer>(end).reply;
  if (const auto* failed = std::get_if<protocol::Failed>(&reply)) {
    return {CaseStatus::failed, failed->sentence, std::nullopt};
  }
  return std::get<protocol::Validated>(reply);
}

Json error_json(const std::optional<double>& error) {
  if (!error) return Json();
  return std::isinf(*error) ? Json("inf") : Json(*error);
}

Json to_json(const std::vector<Case>& cases, std::map<CaseStatus, std::int64_t>& counts) {
  Json list = Json::array();
  for (const Case& one : cases) {
    list.push_back({{"name", one.name},
                    {"status", std::string(to_string(one.result.status))},
                    {"reason", one.result.reason},
                    {"max_abs_error", error_json(one.result.max_abs_error)}});
  }
  return {{"passed", counts[CaseStatus::passed]},
          {"failed", counts[CaseStatus::failed]},
          {"unsupported", counts[CaseStatus::unsupported]},
          {"cases", list}};
}

void print_for_people(const std::vector<Case>& cases, std::map<CaseStatus, std::int64_t>& counts) {
  terminal::Table table({{"CASE"}, {"STATUS"}, {"REASON"}});
  for (const Case& one : cases) {
    if (one.result.status == CaseStatus::passed) continue;
    table.add({one.name, std::string(to_string(one.result.status)), one.result.reason});
  }
  if (!table.is_empty()) print_table(table, "");
  print(std::to_string(counts[CaseStatus::passed]) + " passed, " +
        std::to_string(counts[CaseStatus::failed]) + " failed, " +
        std::to_string(counts[CaseStatus::unsupported]) + " unsupported\n");
}

int validate(const Globals& globals, const Options& options) {
  std::vector<fs::path> folders;
  for (const fs::path& folder : options.folders) {
    for (fs::path& one : cases_in(folder)) folders.push_back(std::move(one));
  }
  Worker worker(options.threads);
  std::vector<Case> cases;
  std::map<CaseStatus, std::int64_t> counts;
  for (const fs::path& folder : folders) {
    cases.push_back({name_of(folder), run(folder, options, worker)});
    ++counts[cases.back().result.status];
  }
  if (globals.json) {
    print_json(to_json(cases, counts));
  } else {
    print_for_people(cases, counts);
  }
  return static_cast<int>(counts[CaseStatus::failed] == 0 ? base::ExitCode::ok
                                                          : base::ExitCode::failed);
}

}  // namespace

Action declare_validate(CLI::App& app, const Globals& globals) {
  const auto options = std::make_shared<Options>();
  app.add_option("DIR", options->folders, "a case, or a folder of cases")->required();
  app.add_option("--precision", options->precision, "of all operators that offer it")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16", "int8"}));
  app.add_option("--rtol", options->relative_tolerance, "relative tolerance")
      ->check(CLI::Range(0.0, tolerance_max));
  app.add_option("--atol", options->absolute_tolerance, "absolute tolerance")
      ->check(CLI::Range(0.0, tolerance_max));
  add_threads(app, options->threads);
  return [options, &globals] { return validate(globals, *options); };
}

}  // namespace ampd::client
