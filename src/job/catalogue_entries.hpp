// The rows of the catalogue (job/catalogue.hpp).
#pragma once

#include <vector>

#include "job/catalogue.hpp"

namespace ampd::job {

std::vector<Entry> catalogue_entries();

}  // namespace ampd::job
