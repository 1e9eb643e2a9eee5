// The end of what a process has printed.
#pragma once

#include <string>
#include <string_view>

namespace ampd::runner {

class TextTail {
 public:
  /// Keeps the last limits::stderr_tail_bytes of all that was added.
  void add(std::string_view text);

  /// The last line that is not blank, without blanks around it; empty if there is none, and if it
  /// is longer than what was kept.
  std::string last_line() const;

  /// For the end of a sentence: `; its last output: "..."` with the last lines, or nothing.
  std::string quoted() const;

 private:
  std::string text_;
  bool is_cut_ = false;
};

}  // namespace ampd::runner
