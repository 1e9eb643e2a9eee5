#include "base/json.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <set>
#include <vector>

#include "ampd/error.hpp"
#include "base/limits.hpp"

namespace ampd::base {

using nlohmann::json;

namespace {

/// The library's messages open with a tag such as "[json.exception.parse_error.101] ".
std::string_view without_tag(std::string_view message) {
  const std::size_t end = message.find("] ");
  return end == std::string_view::npos ? message : message.substr(end + 2);
}

}  // namespace

json parse_json(std::string_view text, std::string_view what, std::int64_t bytes_max) {
  const std::string name(what);
  if (static_cast<std::int64_t>(text.size()) > bytes_max) {
    throw Error(ErrorCode::exhausted, name + " has " + std::to_string(text.size()) +
                                          " bytes, more than the limit of " +
                                          std::to_string(bytes_max));
  }
  std::vector<std::set<std::string>> open_objects;
  const json::parser_callback_t judge = [&](int depth, json::parse_event_t event,
                                            const json& value) {
    if (depth > limits::json_depth) {
      throw Error(ErrorCode::invalid, name + " is nested deeper than " +
                                          std::to_string(limits::json_depth) + " levels");
    }
    if (event == json::parse_event_t::object_start) open_objects.emplace_back();
    if (event == json::parse_event_t::object_end) open_objects.pop_back();
    if (event == json::parse_event_t::key &&
        !open_objects.back().insert(value.get<std::string>()).second) {
      throw Error(ErrorCode::invalid,
                  name + " has the key \"" + value.get<std::string>() + "\" twice; leave one");
    }
    return true;
  };
  try {
    return json::parse(text, judge);
  } catch (const json::exception& error) {
    throw Error(ErrorCode::invalid,
                name + " is not JSON: " + valid_utf8(without_tag(error.what())));
  }
}

std::string json_text(const json& value) {
  try {
    return value.dump();
  } catch (const json::exception& error) {
    throw Error(ErrorCode::invalid, std::string("a name or path is not UTF-8: ") +
                                        std::string(without_tag(error.what())));
  }
}

json real_to_json(double value) {
  if (std::isfinite(value)) return value;
  std::array<char, 18> text{'0', 'x'};
  std::to_chars(text.data() + 2, text.data() + text.size(), std::bit_cast<std::uint64_t>(value),
                16);
  return std::string(text.data(), text.size());
}

double real_from_json(const json& value, std::string_view field) {
  if (value.is_number()) return value.get<double>();
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  std::uint64_t bits = 0;
  if (text.size() == 18 && text.starts_with("0x")) {
    const char* end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data() + 2, end, bits, 16);
    const auto real = std::bit_cast<double>(bits);
    if (error == std::errc{} && parsed == end && !std::isfinite(real)) return real;
  }
  throw Error(ErrorCode::invalid,
              "the field \"" + std::string(field) +
                  "\" must be a number, or the 64 bits of one that is not finite");
}

std::string valid_utf8(std::string_view text) {
  const std::string quoted = json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(quoted).get<std::string>();
}

}  // namespace ampd::base
