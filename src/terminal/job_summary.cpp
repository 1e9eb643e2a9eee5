#include "terminal/job_summary.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "terminal/columns.hpp"
#include "terminal/format.hpp"

namespace ampd::terminal {
namespace {

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? "" : found->get<std::string>();
}

std::string whole(const Json& value) {
  return count(value.get<std::int64_t>());
}

std::string accuracy_line(const Json& best) {
  const Json& delta = best.at("delta");
  const bool is_gain = delta.is_number() && delta.get<double>() >= 0;
  return accuracy_text(best.at("accuracy")) + " (fp32 " +
         accuracy_text(best.at("baseline_accuracy")) + ", " + (is_gain ? "+" : "") +
         accuracy_text(delta) + "; the goal is at " +
         (best.at("higher_is_better").get<bool>() ? "least " : "most ") +
         accuracy_text(best.at("target_accuracy")) + ")";
}

std::string precision_line(const Json& best) {
  const auto low = best.at("low_ops").get<std::int64_t>();
  const auto fp32 = best.at("fp32_ops").get<std::int64_t>();
  return count(low) + " of " + count(low + fp32) + " operators in " + text_of(best, "precision") +
         ", " + count(fp32) + " in fp32";
}

std::string speed_line(const Json& best) {
  if (!best.at("speedup").is_number() || !best.at("latency_ms").is_number()) return "not measured";
  const double speedup = best.at("speedup").get<double>();
  const double seconds = best.at("latency_ms").get<double>() / 1000;
  const std::string verdict =
      speedup < 1 ? " the speed of fp32, which is slower: " : " as fast as fp32: ";
  return ratio(speedup) + verdict + duration(seconds) + " instead of " +
         duration(seconds * speedup);
}

}  // namespace

std::string accuracy_text(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  const double number = value.get<double>();
  if (number == 0 || std::abs(number) >= 1e-5) return decimal(number, 6);
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number,
                                 std::chars_format::scientific, 1);
  return {text.data(), end.ptr};
}

std::string shell_word(const std::string& text) {
  constexpr auto plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,+@%=";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

base::ExitCode job_exit_code(const Json& job) {
  const std::string state = text_of(job, "state");
  if (state == "failed") return base::ExitCode::job_failed;
  if (state == "cancelled") return base::ExitCode::job_cancelled;
  if (state != "done" || job.at("goal_met") == 1) return base::ExitCode::ok;
  return base::ExitCode::goal_not_met;
}

std::string job_verdict(const Json& result) {
  const Json& job = result.at("job");
  const std::string state = text_of(job, "state");
  const std::string error = text_of(job, "error");
  if (!error.empty()) return state + ": " + error;
  if (state != "done") return state;
  if (job.at("goal_met") == 1) return "done: the goal is met";
  const std::string message = text_of(result, "message");
  return "done: " + (message.empty() ? "the goal is not met" : message);
}

std::string summary_line(const std::string& head, const std::string& text) {
  constexpr int head_columns = 12;
  return "  " + padded(head, head_columns, Align::left) + printable(text) + "\n";
}

std::string job_summary(const Json& result) {
  const Json& job = result.at("job");
  const Json& best = result.at("best");
  std::string text = printable(text_of(job, "name")) + " (job " + whole(job.at("id")) + ") " +
                     printable(job_verdict(result)) + "\n";
  if (!best.is_null()) {
    text += summary_line("accuracy", accuracy_line(best));
    text += summary_line("precision", precision_line(best));
    text += summary_line("speed", speed_line(best));
  } else if (!job.at("baseline_accuracy").is_null()) {
    text += summary_line("accuracy", "fp32 " + accuracy_text(job.at("baseline_accuracy")));
  }
  std::string trials = whole(job.at("trials_done"));
  if (!best.is_null()) {
    trials += "; the best is " + whole(best.at("seq")) + " (" + text_of(best, "stage") + ")";
  }
  return text + summary_line("trials", trials);
}

}  // namespace ampd::terminal
