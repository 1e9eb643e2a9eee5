#include "job/report.hpp"

#include "base/json.hpp"

namespace ampd::job {
namespace {

std::string on_one_line(const std::string& words) {
  std::string text = base::valid_utf8(words);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return text;
}

}  // namespace

Report::Report(const std::string& file) : file_(on_one_line(file)) {}

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
