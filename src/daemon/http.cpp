#include "daemon/http.hpp"

#include <charconv>

namespace ampd::daemon {
namespace {

std::string percent_decoded(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] == '%') {
      unsigned value = 0;
      const char* const first = text.data() + i + 1;
      if (i + 2 >= text.size() || std::from_chars(first, first + 2, value, 16).ptr != first + 2) {
        throw Error(
            ErrorCode::invalid,
            "the request's address has a % without two hexadecimal digits: " + std::string(text));
      }
      decoded += static_cast<char>(value);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

template <typename Visit>
void for_each_part(std::string_view text, char separator, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

unsigned status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return 400;
    case ErrorCode::denied:
      return 403;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::conflict:
    case ErrorCode::divergence:
      return 409;
    case ErrorCode::unsupported:
      return 422;
    case ErrorCode::busy:
    case ErrorCode::exhausted:
      return 503;
    case ErrorCode::corrupt:
    case ErrorCode::io:
      return 500;
  }
  return 500;
}

}  // namespace

void parse_target(std::string_view target, Request& request) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  for_each_part(target.substr(0, mark), '/', [&](std::string_view part) {
    request.path.push_back(percent_decoded(part, false));
  });
  if (mark == target.size()) return;
  for_each_part(target.substr(mark + 1), '&', [&](std::string_view part) {
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view value =
        equals == part.size() ? std::string_view() : part.substr(equals + 1);
    request.query[percent_decoded(part.substr(0, equals), true)] = percent_decoded(value, true);
  });
}

Response error_response(const Error& error) {
  Response response;
  response.status = status_of(error.code());
  response.body = Json{{"error", {{"code", to_string(error.code())}, {"message", error.what()}}}};
  return response;
}

std::string to_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ampd::daemon
