// Frames: how messages follow each other on a stream of bytes.
//
// A frame is a header of 12 bytes (the letters "AMPD", the text's size in bytes and the number of
// descriptors that travel with it, both 32-bit little-endian) and then the text. Descriptors go
// with the frame's first byte, so they are there when its last byte is.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ampd::protocol {

struct Frame {
  std::string text;
  std::size_t descriptors = 0;
};

/// Throws Error(exhausted) when the text is empty or longer than limits::frame_bytes, or for more
/// than limits::frame_descriptors descriptors.
std::string encode_frame(std::string_view text, std::size_t descriptors = 0);

/// Bytes in, in any portions; frames out. It holds at most one unfinished frame and what was added
/// last, and takes no memory that a header promises before the bytes are there.
class FrameDecoder {
 public:
  void add(std::span<const char> bytes);

  /// The next whole frame. Throws Error(invalid) for a header that no frame has; from then on the
  /// stream is lost.
  std::optional<Frame> next();

  /// Whether the stream stands between two frames.
  bool is_between_frames() const { return buffer_.size() == taken_; }

 private:
  std::string buffer_;
  std::size_t taken_ = 0;
};

}  // namespace ampd::protocol
