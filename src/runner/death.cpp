#include "runner/death.hpp"

#include <signal.h>

#include <cstring>

namespace ampd::runner {
namespace {

bool comes_from_outside(int signal) {
  return signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == SIGQUIT ||
         signal == SIGHUP;
}

}  // namespace

std::string signal_name(int signal) {
  const char* description = ::sigdescr_np(signal);
  const std::string number = "signal " + std::to_string(signal);
  return description == nullptr ? number : number + " (" + description + ")";
}

Died judge_death(const std::string& who, Exit exit, bool memory_ran_out, const TextTail& output) {
  Died died;
  if (exit.signal == 0) {
    died.reason = who + " ended with status " + std::to_string(exit.status);
  } else if (exit.signal == SIGKILL && memory_ran_out) {
    died.reason = who + " ran out of memory: the kernel ended it by " + signal_name(exit.signal);
  } else {
    died.by_outside = comes_from_outside(exit.signal);
    died.reason = who + " was killed by " + signal_name(exit.signal) +
                  (died.by_outside ? " from outside" : "");
  }
  died.reason += output.quoted();
  return died;
}

}  // namespace ampd::runner
