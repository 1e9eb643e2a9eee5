// How values are kept in columns: configs as letters, digests as raw bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ampd/tune_config.hpp"
#include "store/trial_record.hpp"

namespace ampd::store {

/// One letter per operator: f fp32, b bf16, h fp16, i int8; none for an unknown letter.
std::string encode(const TuneConfig& config);
std::optional<TuneConfig> decode_config(std::string_view letters);

/// "fp32,bf16" and back; none for an unknown word.
std::string encode(const std::vector<Precision>& precisions);
std::optional<std::vector<Precision>> decode_precisions(std::string_view text);

std::string bytes_of_hex(std::string_view hex);
std::string hex_of_bytes(std::string_view bytes);

std::string_view bytes_of(const ChainDigest& digest);
/// All zero when `bytes` are not as many as a digest has.
ChainDigest chain_digest_of(std::string_view bytes);

}  // namespace ampd::store
