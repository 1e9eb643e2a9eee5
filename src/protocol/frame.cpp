#include "protocol/frame.hpp"

#include <cstdint>

#include "ampd/error.hpp"
#include "base/limits.hpp"

namespace ampd::protocol {
namespace {

using base::limits::frame_bytes;
using base::limits::frame_descriptors;

constexpr std::string_view magic = "AMPD";
constexpr std::size_t header_bytes = 12;

void append_integer(std::string& bytes, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(value >> shift));
}

std::uint32_t integer_at(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= std::uint32_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
  }
  return value;
}

}  // namespace

std::string encode_frame(std::string_view text, std::size_t descriptors) {
  if (text.empty() || text.size() > frame_bytes) {
    throw Error(ErrorCode::exhausted, "a message has " + std::to_string(text.size()) +
                                          " bytes; the limit is " + std::to_string(frame_bytes));
  }
  if (descriptors > frame_descriptors) {
    throw Error(ErrorCode::exhausted, "a message comes with " + std::to_string(descriptors) +
                                          " files; the limit is " +
                                          std::to_string(frame_descriptors));
  }
  std::string bytes;
  bytes.reserve(header_bytes + text.size());
  bytes += magic;
  append_integer(bytes, static_cast<std::uint32_t>(text.size()));
  append_integer(bytes, static_cast<std::uint32_t>(descriptors));
  bytes += text;
  return bytes;
}

void FrameDecoder::add(std::span<const char> bytes) {
  buffer_.erase(0, taken_);
  taken_ = 0;
  buffer_.append(bytes.data(), bytes.size());
}

std::optional<Frame> FrameDecoder::next() {
  const std::string_view rest = std::string_view(buffer_).substr(taken_);
  if (!rest.substr(0, magic.size()).starts_with(magic.substr(0, rest.size()))) {
    throw Error(ErrorCode::invalid, "the stream holds bytes that do not begin a message");
  }
  if (rest.size() < header_bytes) return std::nullopt;
  const std::uint32_t size = integer_at(rest, magic.size());
  const std::uint32_t descriptors = integer_at(rest, magic.size() + 4);
  if (size == 0 || size > frame_bytes || descriptors > frame_descriptors) {
    throw Error(ErrorCode::invalid, "the stream announces a message of " + std::to_string(size) +
                                        " bytes with " + std::to_string(descriptors) +
                                        " files, beyond the limits");
  }
  if (rest.size() - header_bytes < size) return std::nullopt;
  taken_ += header_bytes + size;
  return Frame{std::string(rest.substr(header_bytes, size)), descriptors};
}

}  // namespace ampd::protocol
