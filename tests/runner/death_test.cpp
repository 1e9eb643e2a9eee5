#include "runner/death.hpp"

#include <doctest/doctest.h>
#include <signal.h>

using namespace ampd::runner;

TEST_CASE("the end of a process is judged by its signal and the memory killer") {
  const TextTail silence;
  CHECK(judge_death("it", {.status = 3, .signal = 0}, false, silence).reason ==
        "it ended with status 3");
  const Died crash = judge_death("it", {.status = 0, .signal = SIGSEGV}, true, silence);
  CHECK(crash.reason == "it was killed by signal 11 (Segmentation fault)");
  CHECK(!crash.by_outside);
  const Died outside = judge_death("it", {.status = 0, .signal = SIGKILL}, false, silence);
  CHECK(outside.reason == "it was killed by signal 9 (Killed) from outside");
  CHECK(outside.by_outside);
  const Died memory = judge_death("it", {.status = 0, .signal = SIGKILL}, true, silence);
  CHECK(memory.reason == "it ran out of memory: the kernel ended it by signal 9 (Killed)");
  CHECK(!memory.by_outside);
}

TEST_CASE("a death quotes the last words") {
  TextTail output;
  output.add("first\nlast\n");
  CHECK(judge_death("it", {.status = 1, .signal = 0}, false, output).reason ==
        "it ended with status 1; its last output: \"first | last\"");
}
