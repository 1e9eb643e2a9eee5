// Numbers as people read them, independent of the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ampd::terminal {

/// Fixed: 0.81710 is "0.8171" with 4 digits. NaN is "nan".
std::string decimal(double value, int digits);

/// With its sign, for differences: "+0.0012".
std::string difference(double value, int digits);

/// "350 us", "12.3 ms", "4.2 s", "2m 05s", "3h 07m", "2d 04h".
std::string duration(double seconds);

/// "512 B", "1.5 KiB", "12.3 MiB".
std::string byte_count(std::int64_t bytes);

/// "1.83x".
std::string ratio(double value);

/// "37%".
std::string percent(double share);

/// "12,345,678".
std::string count(std::int64_t value);

/// The value formatted, or "-" where there is none.
template <typename T, typename Format>
std::string optional(const std::optional<T>& value, Format format) {
  return value ? format(*value) : std::string("-");
}

}  // namespace ampd::terminal
