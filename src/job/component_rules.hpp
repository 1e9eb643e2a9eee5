// Rules of the catalogue that concern several parameters of a component together.
#pragma once

#include <string>

#include "job/job.hpp"
#include "job/report.hpp"

namespace ampd::job {

/// Reports what contradicts within `component`, whose parameters are each in order, and spreads
/// lists that may be shorter: one `low` for all tensors becomes one for each.
void check_rules(Report& report, const std::string& key, Place place, Component& component);

}  // namespace ampd::job
