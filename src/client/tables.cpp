#include "client/tables.hpp"

#include <string>
#include <vector>

#include "terminal/format.hpp"
#include "terminal/job_summary.hpp"

namespace ampd::client {
namespace {

using terminal::accuracy_text;
using terminal::Align;
using terminal::Table;

std::string text(const Json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string yes_or_no(const Json& value) {
  if (value.is_null()) return "-";
  return value == 1 ? "yes" : "no";
}

std::string number(const Json& value, std::string (*format)(double)) {
  return value.is_number() ? format(value.get<double>()) : "-";
}

std::string signed_accuracy(const Json& value) {
  const bool is_gain = value.is_number() && value.get<double>() >= 0;
  return (is_gain ? "+" : "") + accuracy_text(value);
}

std::string milliseconds(double value) {
  return terminal::decimal(value, 3);
}

/// "2026-01-31 12:00:00": the milliseconds and the zone, which is always UTC, go.
std::string time(const Json& value) {
  if (!value.is_string()) return "-";
  std::string time = value.get<std::string>().substr(0, 19);
  if (time.size() > 10) time[10] = ' ';
  return time;
}

}  // namespace

Table jobs_table(const Json& rows) {
  Table table({{"ID", Align::right},
               {"NAME"},
               {"STATE"},
               {"STAGE"},
               {"GOAL MET"},
               {"TRIALS", Align::right},
               {"FP32", Align::right},
               {"BEST", Align::right},
               {"SPEEDUP", Align::right},
               {"SUBMITTED (UTC)"}});
  for (const Json& row : rows) {
    table.add({text(row.at("id")), text(row.at("name")), text(row.at("state")),
               text(row.at("stage")), yes_or_no(row.at("goal_met")), text(row.at("trials_done")),
               accuracy_text(row.at("baseline_accuracy")), accuracy_text(row.at("best_accuracy")),
               number(row.at("speedup"), terminal::ratio), time(row.at("submitted_at"))});
  }
  return table;
}

Table trials_table(const Json& rows) {
  Table table({{"SEQ", Align::right},
               {"STAGE"},
               {"STATE"},
               {"ACCURACY", Align::right},
               {"DELTA", Align::right},
               {"GOAL MET"},
               {"LOW", Align::right},
               {"FP32", Align::right},
               {"MS", Align::right},
               {"SECONDS", Align::right},
               {"REUSED FROM", Align::right}});
  for (const Json& row : rows) {
    table.add({text(row.at("seq")), text(row.at("stage")), text(row.at("state")),
               accuracy_text(row.at("accuracy")), signed_accuracy(row.at("delta")),
               yes_or_no(row.at("meets_goal")), text(row.at("low_ops")), text(row.at("fp32_ops")),
               number(row.at("latency_ms"), milliseconds), number(row.at("seconds"), milliseconds),
               text(row.at("reused_from"))});
  }
  return table;
}

Table ranking_table(const Json& rows) {
  Table table({{"RANK", Align::right},
               {"OPERATOR"},
               {"TYPE"},
               {"ACCURACY", Align::right},
               {"IMPACT", Align::right}});
  for (const Json& row : rows) {
    table.add({text(row.at("rank")), text(row.at("op")), text(row.at("op_type")),
               accuracy_text(row.at("accuracy")), signed_accuracy(row.at("impact"))});
  }
  return table;
}

Table events_table(const Json& rows) {
  Table table({{"ID", Align::right},
               {"AT (UTC)"},
               {"JOB", Align::right},
               {"LEVEL"},
               {"KIND"},
               {"MESSAGE"}});
  for (const Json& row : rows) {
    table.add({text(row.at("id")), time(row.at("at")), text(row.at("job")), text(row.at("level")),
               text(row.at("kind")), text(row.at("message"))});
  }
  return table;
}

}  // namespace ampd::client
