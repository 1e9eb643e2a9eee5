// What the end of a process means, in words.
#pragma once

#include <string>

#include "runner/child_process.hpp"
#include "runner/runner.hpp"
#include "runner/text_tail.hpp"

namespace ampd::runner {

/// Judges an end that nobody here has asked for. `who` begins the sentence ("the worker"); the
/// memory killer's having struck explains a SIGKILL. Signals with which people and systems end
/// processes (HUP, INT, QUIT, TERM, and else KILL) count as coming from outside.
Died judge_death(const std::string& who, Exit exit, bool memory_ran_out, const TextTail& output);

/// "signal 11 (Segmentation fault)".
std::string signal_name(int signal);

}  // namespace ampd::runner
