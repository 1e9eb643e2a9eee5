#include "store/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace ampd::store {
namespace {

constexpr std::array<std::pair<Precision, char>, all_precisions.size()> letters_of_precisions{{
    {Precision::fp32, 'f'},
    {Precision::bf16, 'b'},
    {Precision::fp16, 'h'},
    {Precision::int8, 'i'},
}};

constexpr std::string_view hex_digits = "0123456789abcdef";

unsigned value_of(char digit) {
  return static_cast<unsigned>(hex_digits.find(digit));
}

}  // namespace

std::string encode(const TuneConfig& config) {
  std::string letters;
  for (const Precision precision : config.precisions) {
    letters +=
        std::ranges::find(letters_of_precisions, precision, &std::pair<Precision, char>::first)
            ->second;
  }
  return letters;
}

std::optional<TuneConfig> decode_config(std::string_view letters) {
  TuneConfig config;
  for (const char letter : letters) {
    const auto found =
        std::ranges::find(letters_of_precisions, letter, &std::pair<Precision, char>::second);
    if (found == letters_of_precisions.end()) return std::nullopt;
    config.precisions.push_back(found->first);
  }
  return config;
}

std::string encode(const std::vector<Precision>& precisions) {
  std::string text;
  for (const Precision precision : precisions) {
    if (!text.empty()) text += ',';
    text += to_string(precision);
  }
  return text;
}

std::optional<std::vector<Precision>> decode_precisions(std::string_view text) {
  std::vector<Precision> precisions;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::optional<Precision> precision = parse_precision(text.substr(0, end));
    if (!precision) return std::nullopt;
    precisions.push_back(*precision);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return precisions;
}

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(value_of(hex[i]) << 4 | value_of(hex[i + 1]));
  }
  return bytes;
}

std::string hex_of_bytes(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += hex_digits[byte >> 4];
    hex += hex_digits[byte & 15];
  }
  return hex;
}

std::string_view bytes_of(const ChainDigest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

ChainDigest chain_digest_of(std::string_view bytes) {
  ChainDigest digest{};
  if (bytes.size() == digest.size()) std::memcpy(digest.data(), bytes.data(), bytes.size());
  return digest;
}

}  // namespace ampd::store
