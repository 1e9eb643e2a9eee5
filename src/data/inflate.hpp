// Decompression of zlib's formats from memory to memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ampd::data {

enum class Compression : std::uint8_t {
  deflate,  // the bare stream, as in zip archives
  gzip,     // one or more members
};

/// All that `bytes` decompress to. Throws Error: invalid (damaged, cut short, bytes after the end),
/// exhausted (more than `bytes_max`); `name` stands for the file in the sentence.
std::vector<std::byte> inflate(std::span<const std::byte> bytes, Compression compression,
                               std::int64_t bytes_max, const std::string& name);

}  // namespace ampd::data
