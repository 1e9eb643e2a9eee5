#include "job/scalar.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace ampd::job {
namespace {

template <typename T, typename... Format>
std::optional<T> parse_whole(std::string_view text, Format... format) {
  T value{};
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, format...);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// from_chars knows no "+"; "+-1" is no number.
std::string_view without_plus(std::string_view text) {
  const bool is_signed = text.size() > 1 && text[0] == '+' && text[1] != '-';
  return is_signed ? text.substr(1) : text;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_octal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  text = without_plus(text);
  if (text.starts_with("0x") && !text.starts_with("0x-")) {
    return parse_whole<std::int64_t>(text.substr(2), 16);
  }
  if (is_octal(text)) return std::nullopt;
  return parse_whole<std::int64_t>(text, 10);
}

std::optional<double> parse_number(std::string_view text) {
  if (const auto integer = parse_integer(text)) return static_cast<double>(*integer);
  text = without_plus(text);
  if (is_octal(text)) return std::nullopt;
  const auto number = parse_whole<double>(text, std::chars_format::general);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<double> parse_share(std::string_view text) {
  if (!text.ends_with('%')) return parse_number(text);
  const auto percent = parse_number(trimmed(text.substr(0, text.size() - 1)));
  return percent ? std::optional(*percent / 100) : std::nullopt;
}

std::optional<bool> parse_boolean(std::string_view text) {
  constexpr std::array<std::string_view, 9> yes{"true", "True", "TRUE", "yes", "Yes",
                                                "YES",  "on",   "On",   "ON"};
  constexpr std::array<std::string_view, 9> no{"false", "False", "FALSE", "no", "No",
                                               "NO",    "off",   "Off",   "OFF"};
  for (const std::string_view word : yes) {
    if (text == word) return true;
  }
  for (const std::string_view word : no) {
    if (text == word) return false;
  }
  return std::nullopt;
}

std::vector<std::string> split_words(std::string_view text) {
  const char separator = text.find(',') == std::string_view::npos ? ' ' : ',';
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    const std::string_view word = trimmed(text.substr(0, end));
    if (!word.empty()) words.emplace_back(word);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return words;
}

}  // namespace ampd::job
