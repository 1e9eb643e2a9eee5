#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/exit_code.hpp"
#include "client/output.hpp"
#include "client/tables.hpp"
#include "client/verb.hpp"
#include "terminal/job_summary.hpp"

namespace ampd::client {
namespace {

using store::Resource;

/// What a verb that looks is asked for.
struct View {
  std::string job;
  std::int64_t last = 0;  // 0: all
};

Json rows_of(const Globals& globals, Resource resource, const View& view, const char* key) {
  const Source source(globals.place);
  if (view.last == 0) return source.read_all(resource, key);
  resource.query["last"] = std::to_string(view.last);
  return source.read(resource);
}

int show_rows(const Globals& globals, const Json& rows, terminal::Table (*table)(const Json&),
              const char* empty) {
  if (globals.json) {
    print_json(rows);
  } else {
    print_table(table(rows), empty);
  }
  return 0;
}

/// Jobs that a table shows unless it is asked for more; a program gets all.
constexpr std::int64_t jobs_listed = 200;

struct Listing {
  View view;
  bool all = false;
};

int list(const Globals& globals, const Listing& listing) {
  View view = listing.view;
  const bool is_cut = view.last == 0 && !listing.all && !globals.json;
  if (is_cut) view.last = jobs_listed + 1;
  Json rows = rows_of(globals, {{"jobs"}, {}}, view, "id");
  if (is_cut && std::ssize(rows) > jobs_listed) {
    rows.erase(0);
    say("The newest " + std::to_string(jobs_listed) +
        " jobs; `ampctl list --all` shows the older ones too.");
  }
  return show_rows(globals, rows, jobs_table, "There are no jobs.");
}

int trials(const Globals& globals, const View& view) {
  const Json rows = rows_of(globals, {{"jobs", view.job, "trials"}, {}}, view, "seq");
  return show_rows(globals, rows, trials_table, "No trial has an outcome yet.");
}

int events(const Globals& globals, const View& view) {
  const Resource resource =
      view.job.empty() ? Resource{{"events"}, {}} : Resource{{"jobs", view.job, "events"}, {}};
  return show_rows(globals, rows_of(globals, resource, view, "id"), events_table,
                   "Nothing has happened yet.");
}

int ranking(const Globals& globals, const View& view) {
  const Json rows = Source(globals.place).read({{"jobs", view.job, "ranking"}, {}});
  return show_rows(globals, rows, ranking_table, "No operator has been tried alone yet.");
}

int show(const Globals& globals, const View& view) {
  const Source source(globals.place);
  if (globals.json) {
    print_json(source.read({{"jobs", view.job}, {}}));
    return 0;
  }
  const Json result = source.read({{"jobs", view.job, "result"}, {}});
  const Json& job = result.at("job");
  std::string text = terminal::job_summary(result);
  for (const char* key : {"stage", "model", "submitted_at", "started_at", "finished_at"}) {
    const Json& value = job.at(key);
    if (value.is_string()) text += terminal::summary_line(key, value.get<std::string>());
  }
  print(text);
  return 0;
}

int best(const Globals& globals, const View& view) {
  const Source source(globals.place);
  const Json best = source.read({{"jobs", view.job, "best"}, {}});
  if (globals.json) {
    print_json(best);
    return 0;
  }
  print(terminal::job_summary(source.read({{"jobs", view.job, "result"}, {}})));
  terminal::Table table({{"OPERATOR"}, {"PRECISION"}});
  for (const auto& [op, precision] : best.at("config").at("ops").items()) {
    table.add({op, precision.get<std::string>()});
  }
  print("\n");
  print_table(table, "");
  return 0;
}

CLI::Option* add_last(CLI::App& app, View& view) {
  return app.add_option("--last", view.last, "only the last N")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
}

using Look = int (*)(const Globals&, const View&);

Action declare(CLI::App& app, const Globals& globals, Look look, bool needs_job, bool has_last) {
  const auto view = std::make_shared<View>();
  CLI::Option* const job = app.add_option("JOB", view->job, "id or name");
  if (needs_job) job->required();
  if (has_last) add_last(app, *view);
  return [view, look, &globals] { return look(globals, *view); };
}

constexpr std::array verbs{
    Verb{"list", "The jobs",
         [](CLI::App& app, const Globals& globals) {
           const auto listing = std::make_shared<Listing>();
           CLI::Option* const last = add_last(app, listing->view);
           app.add_flag("--all", listing->all, "however many there are")->excludes(last);
           return Action([listing, &globals] { return list(globals, *listing); });
         }},
    Verb{"show", "One job: how far it is, or what came out",
         [](CLI::App& app, const Globals& globals) {
           return declare(app, globals, show, true, false);
         }},
    Verb{"trials", "What a job has tried",
         [](CLI::App& app, const Globals& globals) {
           return declare(app, globals, trials, true, true);
         }},
    Verb{"ranking", "Which operators hurt most",
         [](CLI::App& app, const Globals& globals) {
           return declare(app, globals, ranking, true, false);
         }},
    Verb{"best", "A job's best config so far",
         [](CLI::App& app, const Globals& globals) {
           return declare(app, globals, best, true, false);
         }},
    Verb{"events", "What has happened, to one job or to all",
         [](CLI::App& app, const Globals& globals) {
           return declare(app, globals, events, false, true);
         }},
};

}  // namespace

std::span<const Verb> view_verbs() {
  return verbs;
}

}  // namespace ampd::client
