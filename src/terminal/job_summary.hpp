// What became of a job, in a few lines for people.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/exit_code.hpp"

namespace ampd::terminal {

using Json = nlohmann::ordered_json;

/// `job` is a row of the view `jobs`; `best` the answer of jobs/JOB/best, if there is one. Each
/// line ends with a newline.
std::string job_summary(const Json& job, const std::optional<Json>& best);

/// The first line of it: "done: the goal is met".
std::string job_verdict(const Json& job, const std::optional<Json>& best);

/// What a program returns that has waited for the job; `ok` while it is not ended.
base::ExitCode exit_code(const Json& job);

/// At most six significant digits: "0.9711"; "-" for null.
std::string number_text(const Json& value);

/// "2h 05m", "3m 20s", "12s"
std::string duration_text(double seconds);

}  // namespace ampd::terminal
