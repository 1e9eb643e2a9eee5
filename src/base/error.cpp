#include "ampd/error.hpp"

#include <array>
#include <utility>

namespace ampd {
namespace {

constexpr std::array<std::pair<ErrorCode, std::string_view>, 10> code_names{{
    {ErrorCode::invalid, "invalid"},
    {ErrorCode::not_found, "not_found"},
    {ErrorCode::conflict, "conflict"},
    {ErrorCode::denied, "denied"},
    {ErrorCode::busy, "busy"},
    {ErrorCode::exhausted, "exhausted"},
    {ErrorCode::unsupported, "unsupported"},
    {ErrorCode::corrupt, "corrupt"},
    {ErrorCode::io, "io"},
    {ErrorCode::divergence, "divergence"},
}};

}  // namespace

std::string_view to_string(ErrorCode code) {
  for (const auto& [each, name] : code_names) {
    if (each == code) return name;
  }
  return "invalid";
}

ErrorCode parse_error_code(std::string_view word) {
  for (const auto& [code, name] : code_names) {
    if (name == word) return code;
  }
  return ErrorCode::invalid;
}

}  // namespace ampd
