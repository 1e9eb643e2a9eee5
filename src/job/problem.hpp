// What is wrong with a job file, and where.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace ampd::job {

/// A place in a text, both from 1; a column counts characters.
struct Place {
  int line = 1;
  int column = 1;

  bool operator==(const Place&) const = default;
};

enum class ProblemCode : std::uint8_t {
  unknown_key,  // a key, metric, dataset or transform that nobody knows
  missing,      // something required is absent: a key, or the file that a key names
  invalid,      // a value of the wrong kind or out of range, or a contradiction
  unsupported,  // known to Intel Neural Compressor, not offered here
  syntax,       // not YAML
};

std::string_view to_string(ProblemCode code);

struct Problem {
  ProblemCode code = ProblemCode::invalid;
  std::string file;
  Place place;
  std::string key;         // dotted: "tuning.exit_policy.timeout"; a list's item: "model.inputs[1]"
  std::string message;     // what is wrong and what was expected, on one line
  std::string suggestion;  // what to write instead, as it would stand in the file; may be empty

  bool operator==(const Problem&) const = default;
};

/// "job.yaml:12:5: MESSAGE; try: SUGGESTION"
std::string to_string(const Problem& problem);

/// {"code", "file", "line", "column", "key", "message", "suggestion"}
nlohmann::json to_json(const Problem& problem);

}  // namespace ampd::job
