#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/checkup.hpp"
#include "client/model_options.hpp"
#include "client/output.hpp"
#include "client/peaks.hpp"
#include "client/worker.hpp"
#include "client/worker_verbs.hpp"
#include "terminal/format.hpp"

namespace ampd::client {
namespace {

using protocol::Examined;

/// A low precision is faster than fp32 by less than this only where memory is the limit.
constexpr double gain_min = 1.1;

void append(std::vector<Check>& checks, std::vector<Check> more) {
  std::ranges::move(more, std::back_inserter(checks));
}

Check check_precisions(const Examined& found) {
  std::string offered;
  std::string missing;
  for (const Examined::Offer& offer : found.offers) {
    std::string& list = offer.missing_feature.empty() ? offered : missing;
    if (!list.empty()) list += offer.missing_feature.empty() ? ", " : "; ";
    list += to_string(offer.precision);
    if (offer.is_emulated) list += " (emulated)";
    if (!offer.missing_feature.empty()) list += " needs " + offer.missing_feature;
  }
  const bool has_low = std::ranges::any_of(found.offers, [](const Examined::Offer& offer) {
    return offer.precision != Precision::fp32 && offer.missing_feature.empty();
  });
  const bool is_emulated = std::ranges::any_of(found.offers, &Examined::Offer::is_emulated);
  return {"precisions", offered + (missing.empty() ? "" : "; missing: " + missing),
          !has_low ? "there is nothing to tune on this processor; use one with AVX-512"
          : is_emulated
              ? "bf16 is computed in fp32 here: accuracies are right, speeds say nothing; "
                "measure latency on the kind of machine that the model is for"
              : ""};
}

Check check_bf16_rate(const protocol::Peaks& peaks) {
  const double gain = *peaks.bf16_gflops / peaks.fp32_gflops;
  return {"bf16 rate", terminal::ratio(gain) + " that of fp32",
          gain >= gain_min ? ""
                           : "bf16 saves memory here and hardly time; measure latency on the kind "
                             "of machine that the model is for"};
}

std::vector<Check> check_worker(const Examined& found) {
  std::vector<Check> checks{{"worker", found.fingerprint, {}}, check_precisions(found)};
  if (found.peaks.back().bf16_gflops && found.peaks.back().fp32_gflops > 0) {
    checks.push_back(check_bf16_rate(found.peaks.back()));
  }
  checks.push_back({"system calls", found.filters_calls ? "filtered" : "not filtered",
                    found.filters_calls
                        ? ""
                        : "this kernel lacks seccomp filters: a hostile model has all the rights "
                          "of your account; run ampd as a user of its own"});
  checks.push_back({"file writes", found.locks_files ? "locked" : "not locked",
                    found.locks_files
                        ? ""
                        : "this kernel lacks Landlock (Linux 5.13, lsm=landlock): a hostile model "
                          "could change your files; run ampd as a user of its own"});
  checks.push_back({"spin count", found.spin_count, {}});
  return checks;
}

Json to_json(const std::vector<Check>& checks, const Examined& found) {
  Json list = Json::array();
  for (const Check& check : checks) {
    list.push_back({{"name", check.name},
                    {"status", check.remedy.empty() ? "ok" : "warning"},
                    {"found", check.found},
                    {"remedy", check.remedy.empty() ? Json() : Json(check.remedy)}});
  }
  Json precisions = Json::array();
  for (const Examined::Offer& offer : found.offers) {
    const bool is_offered = offer.missing_feature.empty();
    precisions.push_back({{"precision", std::string(to_string(offer.precision))},
                          {"offered", is_offered},
                          {"emulated", offer.is_emulated},
                          {"missing", is_offered ? Json() : Json(offer.missing_feature)}});
  }
  Json peaks = Json::array();
  for (const protocol::Peaks& each : found.peaks) peaks.push_back(json_of(each));
  return {{"checks", list},
          {"precisions", precisions},
          {"peaks", peaks},
          {"fingerprint", found.fingerprint}};
}

void print_for_people(const std::vector<Check>& checks, const Examined& found) {
  terminal::Table table({{"CHECK"}, {"STATUS"}, {"FOUND"}});
  for (const Check& check : checks) {
    table.add({check.name, check.remedy.empty() ? "ok" : "warning", check.found});
  }
  print_table(table, "There is nothing to check.");
  std::string remedies;
  for (const Check& check : checks) {
    if (!check.remedy.empty()) remedies += check.name + ": " + check.remedy + "\n";
  }
  if (!remedies.empty()) print("\n" + remedies);
  print("\n");
  print_peaks(found.peaks);
}

int doctor(const Globals& globals, int threads) {
  std::vector<Check> checks = check_processors();
  append(checks, check_state_directory(store::StateDirectory::resolve(globals.place.state_dir)));
  append(checks, check_environment());
  const Answer answer = ask_worker(protocol::Examine{}, threads, "the examination of the machine");
  const auto& found = std::get<Examined>(answer.reply);
  append(checks, check_worker(found));
  if (globals.json) {
    print_json(to_json(checks, found));
  } else {
    print_for_people(checks, found);
  }
  return 0;
}

}  // namespace

Action declare_doctor(CLI::App& app, const Globals& globals) {
  const auto threads = std::make_shared<int>(0);
  add_threads(app, *threads);
  return [threads, &globals] { return doctor(globals, *threads); };
}

}  // namespace ampd::client
