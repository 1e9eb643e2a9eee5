#include "terminal/progress.hpp"

#include <algorithm>
#include <cmath>

#include "terminal/columns.hpp"
#include "terminal/format.hpp"

namespace ampd::terminal {
namespace {

constexpr int accuracy_digits = 4;
constexpr int stage_columns = 11;

/// Trials that are done, with the share of the running one.
double done_trials(const Progress& progress) {
  const double share = std::clamp(progress.trial_share, 0.0, 1.0);
  const double running = share * static_cast<double>(progress.together);
  return std::max(0.0, static_cast<double>(progress.trial) - 1 + running);
}

/// "12", or "12-19" when several run together.
std::string running_trials(const Progress& progress) {
  const std::string first = std::to_string(progress.trial);
  if (progress.together <= 1) return first;
  return first + "-" + std::to_string(progress.trial + progress.together - 1);
}

std::string bar(double share, int columns) {
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * columns);
  return "[" + std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(columns - filled), '-') + "]";
}

}  // namespace

std::optional<double> remaining_seconds(const Progress& progress) {
  const double done = done_trials(progress);
  if (!(done > 0) || !(progress.seconds > 0)) return std::nullopt;
  const double left = std::max(0.0, static_cast<double>(progress.trials) - done);
  return progress.seconds / done * left;
}

std::string progress_bar(const Progress& progress, int columns) {
  constexpr int bar_min = 5, bar_max = 40;
  const std::string head = padded(printable(progress.stage), stage_columns, Align::left) + " ";
  std::string tail = " " + running_trials(progress) + "/" + std::to_string(progress.trials);
  if (progress.accuracy) tail += "  accuracy " + decimal(*progress.accuracy, accuracy_digits);
  if (const auto left = remaining_seconds(progress)) {
    tail += "  at most " + duration(*left) + " left";
  }
  const int room = columns - width(head) - width(tail) - 2;
  const double share =
      progress.trials > 0 ? done_trials(progress) / static_cast<double>(progress.trials) : 0;
  const std::string middle = room < bar_min ? "" : bar(share, std::min(room, bar_max));
  return fitted(head + middle + tail, columns);
}

std::string progress_sentence(const Progress& progress) {
  std::string text = printable(progress.stage) +
                     (progress.together > 1 ? ": trials " : ": trial ") + running_trials(progress) +
                     " of at most " + std::to_string(progress.trials);
  if (progress.accuracy) text += ", accuracy " + decimal(*progress.accuracy, accuracy_digits);
  if (const auto left = remaining_seconds(progress)) {
    text += ", at most " + duration(*left) + " left";
  }
  return text;
}

}  // namespace ampd::terminal
