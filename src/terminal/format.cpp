#include "terminal/format.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "base/check.hpp"

namespace ampd::terminal {
namespace {

std::string two_digits(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

/// Of two units: "2m 05s".
std::string units(std::int64_t seconds, std::int64_t large, std::int64_t small, char large_unit,
                  char small_unit) {
  return std::to_string(seconds / large) + large_unit + ' ' + two_digits(seconds % large / small) +
         small_unit;
}

/// One digit after the point below 10 of a unit or so: what fits three figures.
std::string short_decimal(double value) {
  return decimal(value, value < 99.95 ? 1 : 0);
}

}  // namespace

std::string decimal(double value, int digits) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 400> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.begin(), buffer.end(), value, std::chars_format::fixed, digits);
  AMPD_CHECK(error == std::errc{});
  std::string text(buffer.begin(), end);
  const bool is_zero = text.find_first_not_of("-0.") == std::string::npos;
  if (is_zero && text.starts_with('-')) text.erase(0, 1);
  return text;
}

std::string difference(double value, int digits) {
  const std::string text = decimal(value, digits);
  return text.starts_with('-') || text == "nan" ? text : "+" + text;
}

std::string duration(double seconds) {
  constexpr std::int64_t minute = 60, hour = 3600, day = 86400;
  if (!(seconds >= 0) || seconds > 1e12) return "-";
  if (seconds == 0) return "0 s";
  if (seconds < 0.9995e-3) return decimal(seconds * 1e6, 0) + " us";
  if (seconds < 0.9995) return short_decimal(seconds * 1e3) + " ms";
  if (seconds < 59.95) return decimal(seconds, 1) + " s";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < hour) return units(whole, minute, 1, 'm', 's');
  if (whole < day) return units(whole, hour, minute, 'h', 'm');
  return units(whole, day, hour, 'd', 'h');
}

std::string byte_count(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> units{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return decimal(value, 1) + " " + std::string(units[unit]);
}

std::string ratio(double value) {
  return decimal(value, 2) + "x";
}

std::string percent(double share) {
  return decimal(share * 100, 0) + "%";
}

std::string count(std::int64_t value) {
  std::string text = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t i = text.size(); i > first + 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

}  // namespace ampd::terminal
