// JSON text from outside, read strictly, and written so that numbers come back bit for bit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace ampd::base {

/// Throws Error(exhausted) beyond `bytes_max`, Error(invalid) for what is not JSON in UTF-8, for a
/// key that stands twice in an object and for more than limits::json_depth levels. `what` names the
/// text in the sentence: "the reply".
nlohmann::json parse_json(std::string_view text, std::string_view what, std::int64_t bytes_max);

/// The text of a value. Throws Error(invalid) when a string in it is not UTF-8.
std::string json_text(const nlohmann::json& value);

/// JSON has no NaN and no infinity: these are strings of their 64 bits, "0x7ff8000000000000".
nlohmann::json real_to_json(double value);

/// The inverse. Throws Error(invalid) naming `field`.
double real_from_json(const nlohmann::json& value, std::string_view field);

/// `text` with every byte that is not UTF-8 replaced, for sentences that quote foreign bytes.
std::string valid_utf8(std::string_view text);

}  // namespace ampd::base
