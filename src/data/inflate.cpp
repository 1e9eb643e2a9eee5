#include "data/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "ampd/error.hpp"

namespace ampd::data {
namespace {

constexpr std::size_t chunk_bytes = 256 << 10;

/// A zlib stream that ends itself.
class Stream {
 public:
  explicit Stream(Compression compression) {
    const int window_bits = compression == Compression::gzip ? 16 + MAX_WBITS : -MAX_WBITS;
    if (::inflateInit2(&stream_, window_bits) != Z_OK) throw std::bad_alloc();
  }
  ~Stream() { ::inflateEnd(&stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  z_stream* operator->() { return &stream_; }
  z_stream* get() { return &stream_; }

 private:
  z_stream stream_{};
};

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(ErrorCode::invalid, name + " cannot be decompressed: " + reason);
}

}  // namespace

std::vector<std::byte> inflate(std::span<const std::byte> bytes, Compression compression,
                               std::int64_t bytes_max, const std::string& name) {
  Stream stream(compression);
  std::vector<std::byte> result;
  std::size_t filled = 0;
  int status = Z_OK;
  while (status != Z_STREAM_END || !bytes.empty()) {
    if (status == Z_STREAM_END) {
      if (compression == Compression::deflate) refuse(name, "there are bytes after its end");
      ::inflateReset(stream.get());
    }
    if (filled == result.size()) result.resize(std::max(chunk_bytes, 2 * result.size()));
    const std::size_t room = std::min<std::size_t>(result.size() - filled, 1 << 30);
    const std::size_t input = std::min<std::size_t>(bytes.size(), 1 << 30);
    stream->next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    stream->avail_in = static_cast<uInt>(input);
    stream->next_out = reinterpret_cast<Bytef*>(result.data() + filled);
    stream->avail_out = static_cast<uInt>(room);
    status = ::inflate(stream.get(), Z_NO_FLUSH);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status == Z_BUF_ERROR) refuse(name, "it is cut short");
    if (status != Z_OK && status != Z_STREAM_END) refuse(name, "it is damaged");
    bytes = bytes.subspan(input - stream->avail_in);
    filled += room - stream->avail_out;
    if (static_cast<std::int64_t>(filled) > bytes_max) {
      throw Error(ErrorCode::exhausted, name + " decompresses to more than the limit of " +
                                            std::to_string(bytes_max) + " bytes");
    }
  }
  result.resize(filled);
  return result;
}

}  // namespace ampd::data
