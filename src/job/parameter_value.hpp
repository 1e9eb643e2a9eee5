// The value of one parameter of a metric, dataset or transform.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "job/catalogue.hpp"
#include "job/document.hpp"

namespace ampd::job {

/// What `node` gives to a parameter that is no path, as the JSON of its kind; null if it is of
/// another kind or out of range.
nlohmann::json value_of(const Parameter& parameter, const Node& node);

/// What a parameter must be, for messages: "an integer from 1 to 65536".
std::string expectation(const Parameter& parameter);

}  // namespace ampd::job
