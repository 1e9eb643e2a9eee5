// What became of a job, in a few lines for people.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/exit_code.hpp"

namespace ampd::terminal {

using Json = nlohmann::ordered_json;

/// "done: the goal is met", "failed: ..."; `result` is the answer of jobs/JOB/result.
std::string job_verdict(const Json& result);

/// The verdict and what the best config is worth; each line is ended.
std::string job_summary(const Json& result);

/// A line as the summary has them: "  accuracy    0.9711\n".
std::string summary_line(const std::string& head, const std::string& text);

/// What a program returns that has waited for the job, a row of the view `jobs`; `ok` while it is
/// not ended.
base::ExitCode job_exit_code(const Json& job);

/// An accuracy, a loss ...: "0.9711", "1.2e-05", "inf"; "-" for null.
std::string accuracy_text(const Json& value);

/// As a word of a shell's command line, in quotes where it needs them.
std::string shell_word(const std::string& text);

}  // namespace ampd::terminal
