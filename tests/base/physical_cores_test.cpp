#include "base/physical_cores.hpp"

#include <doctest/doctest.h>
#include <sched.h>

#include <thread>

TEST_CASE("a thread that may use one processor has one core") {
  int cores = 0;
  std::jthread([&] {
    cpu_set_t usable;
    ::sched_getaffinity(0, sizeof usable, &usable);
    int first = 0;
    while (!CPU_ISSET(first, &usable)) ++first;
    CPU_ZERO(&usable);
    CPU_SET(first, &usable);
    REQUIRE(::sched_setaffinity(0, sizeof usable, &usable) == 0);
    cores = ampd::base::physical_cores();
  }).join();
  CHECK(cores == 1);
  CHECK(ampd::base::physical_cores() >= 1);
}
