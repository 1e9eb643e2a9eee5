// What a job file is read for.
#pragma once

#include <cstdint>

namespace ampd::job {

enum class Purpose : std::uint8_t {
  job,   // a tuning: it must name model and evaluation
  conf,  // a program that may have model and samples itself: the file may lack them
};

}  // namespace ampd::job
