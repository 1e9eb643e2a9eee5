#include <array>
#include <filesystem>
#include <memory>

#include "base/exit_code.hpp"
#include "client/output.hpp"
#include "client/verb.hpp"
#include "store/check.hpp"

namespace ampd::client {
namespace {

store::StateDirectory directory(const Globals& globals) {
  return store::StateDirectory::resolve(globals.place.state_dir);
}

int check(const Globals& globals, bool is_quick) {
  const store::StateDirectory place = directory(globals);
  const auto depth = is_quick ? store::CheckDepth::quick : store::CheckDepth::full;
  const std::vector<store::Problem> problems = store::check(place, depth);
  Json list = Json::array();
  for (const store::Problem& problem : problems) {
    list.push_back({{"job", problem.job ? Json(*problem.job) : Json(nullptr)},
                    {"seq", problem.seq ? Json(*problem.seq) : Json(nullptr)},
                    {"message", problem.sentence}});
    if (!globals.json) print(problem.sentence + "\n");
  }
  if (globals.json) print_json({{"problems", list}});
  if (problems.empty()) say("No damage was found in " + place.path().string() + ".");
  return static_cast<int>(problems.empty() ? base::ExitCode::ok : base::ExitCode::corrupt);
}

int backup(const Globals& globals, const std::filesystem::path& target) {
  store::backup(directory(globals), target);
  if (globals.json) print_json({{"file", std::filesystem::absolute(target).string()}});
  say("The database is copied to " + target.string() +
      "; copy the folder blobs beside it to keep models and job files.");
  return 0;
}

constexpr std::array verbs{
    Verb{"check", "Look for damage in the state directory",
         [](CLI::App& app, const Globals& globals) {
           const auto is_quick = std::make_shared<bool>(false);
           app.add_flag("--quick", *is_quick, "only the pages of the database");
           return Action([is_quick, &globals] { return check(globals, *is_quick); });
         }},
    Verb{"backup", "Copy the database while it is in use",
         [](CLI::App& app, const Globals& globals) {
           const auto target = std::make_shared<std::filesystem::path>();
           app.add_option("FILE", *target, "must not exist yet")->required();
           return Action([target, &globals] { return backup(globals, *target); });
         }},
};

}  // namespace

std::span<const Verb> state_verbs() {
  return verbs;
}

}  // namespace ampd::client
