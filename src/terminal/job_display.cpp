#include "terminal/job_display.hpp"

#include <algorithm>

#include "terminal/columns.hpp"

namespace ampd::terminal {
namespace {

using Json = nlohmann::ordered_json;

std::int64_t whole(const Json& value) {
  return value.is_number() ? value.get<std::int64_t>() : 0;
}

double number(const Json& value) {
  return value.is_number() ? value.get<double>() : 0;
}

Progress progress_of(const Json& json) {
  Progress progress;
  progress.stage = json.at("stage").get<std::string>();
  progress.trials = whole(json.at("trials_at_most"));
  progress.trial = std::min(whole(json.at("trials_done")) + 1, progress.trials);
  progress.together = std::max<std::int64_t>(whole(json.at("trials_together")), 1);
  const double batches = number(json.at("batches"));
  if (batches > 0) progress.trial_share = number(json.at("batches_done")) / batches;
  if (json.at("accuracy").is_number()) progress.accuracy = number(json.at("accuracy"));
  progress.seconds = number(json.at("seconds_used"));
  return progress;
}

Style style_of(const std::string& level) {
  if (level == "error") return Style::bad;
  return level == "warning" ? Style::bold : Style::plain;
}

}  // namespace

void JobDisplay::show(const Json& line) {
  if (line.contains("event")) show_event(line.at("event"));
  if (line.contains("progress")) show_progress(line.at("progress"));
}

void JobDisplay::note(const std::string& sentence) {
  screen_.write(printable(sentence) + "\n");
}

void JobDisplay::show_event(const Json& event) {
  const auto level = event.at("level").get<std::string>();
  // On a terminal the progress line tells of trials that went well.
  if (screen_.is_terminal() && event.at("kind") == "trial" && level == "info") return;
  const std::string text = printable(event.at("message").get<std::string>());
  screen_.write(screen_.styled(text, style_of(level)) + "\n");
}

void JobDisplay::show_progress(const Json& progress) {
  const auto state = progress.at("state").get<std::string>();
  if (state == "queued" && last_state_ != state) {
    note("queued, number " + std::to_string(whole(progress.at("queue_position"))) + " in line");
  }
  last_state_ = state;
  if (state != "running" || progress.at("phase").is_null() || progress.at("stage").is_null())
    return;
  const Progress now = progress_of(progress);
  if (screen_.is_terminal() || now.stage != last_stage_) screen_.show(now);
  last_stage_ = now.stage;
}

}  // namespace ampd::terminal
