// The one table of exit codes, for all programs.
#pragma once

#include "ampd/error.hpp"

namespace ampd::base {

enum class ExitCode : int {
  ok = 0,
  failed = 1,  // a bad job file or model too
  usage = 2,
  not_found = 3,
  unreachable = 4,  // no daemon answers
  denied = 5,
  wrong_state = 6,
  goal_not_met = 10,
  job_failed = 11,
  job_cancelled = 12,
  corrupt = 65,  // a damaged database, or one newer than the program
  held = 69,     // another daemon holds the state directory
  io = 74,
  configuration = 78,
  client_timeout = 124,
  signal_base = 128,
};

ExitCode exit_code(ErrorCode code);

}  // namespace ampd::base
