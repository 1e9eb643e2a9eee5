// Numbers in what commands print and people read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ampd::runner {

/// The whole of `text` as a number: decimal, with or without a sign, "nan" and "inf" too, in no
/// locale but the C one. A -0 is 0. Nothing when it is anything else.
std::optional<double> parse_number(std::string_view text);

/// The shortest text that parse_number reads as `value`.
std::string format_number(double value);

}  // namespace ampd::runner
