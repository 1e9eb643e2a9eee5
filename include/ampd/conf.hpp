// The conf: what is asked of a tuning.
#pragma once

#include "ampd/settings.hpp"

namespace ampd {

struct Conf {
  TuneSettings settings;
};

}  // namespace ampd
