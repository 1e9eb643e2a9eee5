// What a scalar of a job file means, independent of the locale.
//
// Numbers are YAML's, without its octal and base-60 forms, which nobody means: "010" is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ampd::job {

/// "42", "-7", "+3", "0x1f". Nothing for anything else, or beyond 64 bits.
std::optional<std::int64_t> parse_integer(std::string_view text);

/// An integer, or "0.5", ".5", "1e-3". Nothing for infinities and NaN.
std::optional<double> parse_number(std::string_view text);

/// A number, or a share in percent: "1%" is 0.01.
std::optional<double> parse_share(std::string_view text);

/// YAML 1.1: true, yes, on and false, no, off, in one case or with a capital.
std::optional<bool> parse_boolean(std::string_view text);

/// "a, b" or "a b" as its words; blanks around them go.
std::vector<std::string> split_words(std::string_view text);

}  // namespace ampd::job
