#include "client/report.hpp"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <vector>

#include "terminal/columns.hpp"
#include "terminal/format.hpp"
#include "terminal/job_summary.hpp"

namespace ampd::client {
namespace {

using terminal::accuracy_text;

/// A cell of a Markdown table.
std::string cell(const std::string& text) {
  std::string cell;
  for (const char c : terminal::printable(text)) cell += c == '|' ? "\\|" : std::string(1, c);
  return cell;
}

std::string text(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string row(std::initializer_list<std::string> cells) {
  std::string line = "|";
  for (const std::string& each : cells) line += " " + cell(each) + " |";
  return line + "\n";
}

std::string head(std::initializer_list<std::string> titles) {
  std::string line = row(titles) + "|";
  for (std::size_t i = 0; i < titles.size(); ++i) line += "---|";
  return line + "\n";
}

std::string result_section(const ReportSource& source) {
  const Json& job = source.result.at("job");
  const Json& best = source.result.at("best");
  const Json& definition = source.definition;
  std::string section = "# " + cell(text(job.at("name"))) + "\n\n```\n" +
                        terminal::job_summary(source.result) + "```\n\n";
  section += head({"", ""});
  section += row({"model", text(job.at("model"))});
  section += row({"SHA-256 of the model", text(definition.at("model_digest"))});
  for (const Json& input : definition.at("inputs")) {
    section += row({"SHA-256 of " + text(input.at("path")), text(input.at("digest"))});
  }
  section += row({"machine", text(definition.at("fingerprint"))});
  section += row({"exported trial", text(best.at("seq")) + " (" + text(best.at("stage")) + ")"});
  section += row({"profile", source.profile});
  section += row({"samples on which the exported model was compared with the trial, bit for bit",
                  std::to_string(source.samples_compared)});
  section += row({"submitted, finished",
                  text(job.at("submitted_at")) + ", " +
                      (job.at("finished_at").is_null() ? "not yet" : text(job.at("finished_at")))});
  return section;
}

std::string config_section(const ReportSource& source) {
  const Json& chosen = source.result.at("best").at("config").at("ops");
  std::string section = "\n## The config\n\n" + head({"operator", "type", "precision"});
  for (const Json& op : source.definition.at("ops")) {
    const auto name = op.at("name").get<std::string>();
    section += row({name, text(op.at("type")), text(chosen.at(name))});
  }
  return section;
}

std::string ranking_section(const Json& ranking) {
  std::string section = "\n## Which operators hurt\n\n";
  if (ranking.empty()) return section + "No operator was tried alone: the search ended before.\n";
  section += "Accuracy with only this operator back in fp32; impact is what that gained.\n\n" +
             head({"rank", "operator", "type", "accuracy", "impact"});
  for (const Json& each : ranking) {
    section += row({text(each.at("rank")), text(each.at("op")), text(each.at("op_type")),
                    accuracy_text(each.at("accuracy")), accuracy_text(each.at("impact"))});
  }
  return section;
}

std::string trials_section(const Json& trials) {
  std::string section =
      "\n## What was tried\n\n" + head({"trial", "stage", "state", "accuracy", "delta",
                                        "meets the goal", "low", "fp32", "ms", "reused from"});
  for (const Json& each : trials) {
    section +=
        row({text(each.at("seq")), text(each.at("stage")), text(each.at("state")),
             accuracy_text(each.at("accuracy")), accuracy_text(each.at("delta")),
             each.at("meets_goal") == 1 ? "yes" : "no", text(each.at("low_ops")),
             text(each.at("fp32_ops")), text(each.at("latency_ms")), text(each.at("reused_from"))});
  }
  return section;
}

}  // namespace

std::string report(const ReportSource& source) {
  return result_section(source) + config_section(source) + ranking_section(source.ranking) +
         trials_section(source.trials);
}

}  // namespace ampd::client
