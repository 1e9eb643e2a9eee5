#include "job/report.hpp"

namespace ampd::job {
namespace {

std::string on_one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

}  // namespace

void Report::error(ProblemCode code, Place place, const std::string& key,
                   const std::string& message, const std::string& suggestion) {
  errors_.push_back(
      {code, file_, place, on_one_line(key), on_one_line(message), on_one_line(suggestion)});
}

void Report::warning(ProblemCode code, Place place, const std::string& key,
                     const std::string& message, const std::string& suggestion) {
  warnings_.push_back(
      {code, file_, place, on_one_line(key), on_one_line(message), on_one_line(suggestion)});
}

}  // namespace ampd::job
