// Where a program writes for people: a terminal, or a file or pipe.
//
// On a terminal a progress line is drawn again and again in its place, and words may have a colour.
// Elsewhere progress is one plain line per trial and nothing has a colour. One thread at a time.
#pragma once

#include <string>
#include <string_view>

#include "terminal/progress.hpp"

namespace ampd::terminal {

enum class Style { plain, bold, good, bad, faint };

class Screen {
 public:
  /// `descriptor` stays the caller's. Colours need a terminal, and $NO_COLOR unset.
  explicit Screen(int descriptor);

  /// What is known without asking the system, for tests.
  Screen(int descriptor, bool is_terminal, int columns);

  bool is_terminal() const { return is_terminal_; }

  /// Of the terminal as it is now; 0 elsewhere: lines are not cut.
  int columns() const;

  std::string styled(std::string_view text, Style style) const;

  /// Writes text with its line ends; a progress line goes away first. Throws Error(io).
  void write(std::string_view text);

  /// Draws the progress line; elsewhere writes a line when stage or trial has changed.
  void show(const Progress& progress);

  /// Takes the progress line away.
  void clear();

 private:
  void send(std::string_view bytes);

  int descriptor_;
  bool is_terminal_;
  bool has_colour_;
  int columns_ = 0;  // 0: ask the system
  bool has_progress_ = false;
  std::string last_stage_;
  std::int64_t last_trial_ = -1;
};

}  // namespace ampd::terminal
