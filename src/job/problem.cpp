#include "job/problem.hpp"

namespace ampd::job {

std::string_view to_string(ProblemCode code) {
  switch (code) {
    case ProblemCode::unknown_key:
      return "unknown_key";
    case ProblemCode::missing:
      return "missing";
    case ProblemCode::invalid:
      return "invalid";
    case ProblemCode::unsupported:
      return "unsupported";
    case ProblemCode::syntax:
      return "syntax";
  }
  return "invalid";
}

std::string to_string(const Problem& problem) {
  std::string text = problem.file + ":" + std::to_string(problem.place.line) + ":" +
                     std::to_string(problem.place.column) + ": " + problem.message;
  if (!problem.suggestion.empty()) text += "; try: " + problem.suggestion;
  return text;
}

nlohmann::json to_json(const Problem& problem) {
  return {{"code", to_string(problem.code)}, {"file", problem.file}, {"line", problem.place.line},
          {"column", problem.place.column},  {"key", problem.key},   {"message", problem.message},
          {"suggestion", problem.suggestion}};
}

}  // namespace ampd::job
