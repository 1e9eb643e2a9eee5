#include "terminal/job_summary.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace ampd::terminal {
namespace {

std::string digits(double value, int precision) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::general, precision);
  return {text.data(), end.ptr};
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? "" : found->get<std::string>();
}

std::string signed_number(const Json& value) {
  const std::string text = number_text(value);
  return value.is_number() && value.get<double>() >= 0 ? "+" + text : text;
}

std::string accuracy_line(const Json& best) {
  const bool higher = best.at("higher_is_better").get<bool>();
  return number_text(best.at("accuracy")) + " (fp32 " + number_text(best.at("baseline_accuracy")) +
         ", " + signed_number(best.at("delta")) + "; the goal is at " +
         (higher ? "least " : "most ") + number_text(best.at("target_accuracy")) + ")";
}

std::string precision_line(const Json& best) {
  const auto low = best.at("low_ops").get<std::int64_t>();
  const auto fp32 = best.at("fp32_ops").get<std::int64_t>();
  return std::to_string(low) + " of " + std::to_string(low + fp32) + " operators in " +
         text_of(best, "precision") + ", " + std::to_string(fp32) + " in fp32";
}

std::string speed_line(const Json& best) {
  if (!best.at("speedup").is_number() || !best.at("latency_ms").is_number()) return "not measured";
  const double speedup = best.at("speedup").get<double>();
  const double latency = best.at("latency_ms").get<double>();
  const std::string times =
      digits(latency, 4) + " ms instead of " + digits(latency * speedup, 4) + " ms";
  if (speedup < 1) return "slower than fp32: " + digits(speedup, 3) + "x (" + times + ")";
  return digits(speedup, 3) + "x the speed of fp32 (" + times + ")";
}

std::string line(const std::string& head, const std::string& text) {
  return "  " + head + std::string(head.size() < 12 ? 12 - head.size() : 1, ' ') + text + "\n";
}

}  // namespace

std::string number_text(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  return digits(value.get<double>(), 6);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long long>(std::llround(seconds));
  std::array<char, 32> text{};
  if (whole >= 3600) {
    std::snprintf(text.data(), text.size(), "%lldh %02lldm", whole / 3600, whole % 3600 / 60);
  } else if (whole >= 60) {
    std::snprintf(text.data(), text.size(), "%lldm %02llds", whole / 60, whole % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%llds", whole);
  }
  return text.data();
}

base::ExitCode exit_code(const Json& job) {
  const std::string state = text_of(job, "state");
  if (state == "failed") return base::ExitCode::job_failed;
  if (state == "cancelled") return base::ExitCode::job_cancelled;
  if (state != "done" || job.at("goal_met") == 1) return base::ExitCode::ok;
  return base::ExitCode::goal_not_met;
}

std::string job_verdict(const Json& job, const std::optional<Json>& best) {
  const std::string state = text_of(job, "state");
  const std::string error = text_of(job, "error");
  if (!error.empty()) return state + ": " + error;
  if (state != "done") return state;
  if (job.at("goal_met") == 1) return "done: the goal is met";
  const std::string message = best ? text_of(*best, "message") : "";
  return "done: the goal is not met" + (message.empty() ? "" : "; " + message);
}

std::string job_summary(const Json& job, const std::optional<Json>& best) {
  std::string text = text_of(job, "name") + " (job " + std::to_string(job.at("id").get<int>()) +
                     ") " + job_verdict(job, best) + "\n";
  if (best) {
    text += line("accuracy", accuracy_line(*best));
    text += line("precision", precision_line(*best));
    text += line("speed", speed_line(*best));
  } else if (!job.at("baseline_accuracy").is_null()) {
    text += line("accuracy", "fp32 " + number_text(job.at("baseline_accuracy")));
  }
  std::string trials = std::to_string(job.at("trials_done").get<int>());
  if (best) {
    trials += "; the best is " + std::to_string(best->at("seq").get<int>()) + " (" +
              text_of(*best, "stage") + ")";
  }
  return text + line("trials", trials);
}

}  // namespace ampd::terminal
