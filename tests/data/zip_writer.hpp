// Writes small zip archives for the tests, as numpy.savez does.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// `bytes` compressed: window_bits -15 gives a bare deflate stream, 31 gzip.
inline std::string compressed(const std::string& bytes, int window_bits) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string result(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

class ZipWriter {
 public:
  bool deflated = false;
  bool zip64 = false;

  void add(const std::string& name, const std::string& content) {
    const std::string packed = deflated ? compressed(content, -15) : content;
    const auto checksum = static_cast<std::uint32_t>(crc32(
        0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
    const std::string common = number(deflated ? 8 : 0, 2) + number(0, 4) + number(checksum, 4);
    directory_ += number(0x02014b50, 4) + number(45, 2) + number(45, 2) + number(0, 2) + common +
                  sizes(packed, content) + number(name.size(), 2) + number(zip64 ? 28 : 0, 2) +
                  number(0, 10) + (zip64 ? ones() : number(bytes_.size(), 4)) + name;
    if (zip64) {
      directory_ += number(1, 2) + number(24, 2) + number(content.size(), 8) +
                    number(packed.size(), 8) + number(bytes_.size(), 8);
    }
    bytes_ += number(0x04034b50, 4) + number(45, 2) + number(0, 2) + common +
              sizes(packed, content) + number(name.size(), 2) + number(0, 2) + name + packed;
    ++count_;
  }

  std::string finish() const {
    std::string end;
    if (zip64) {
      end = number(0x06064b50, 4) + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8) +
            number(count_, 8) + number(count_, 8) + number(directory_.size(), 8) +
            number(bytes_.size(), 8);
      end += number(0x07064b50, 4) + number(0, 4) + number(bytes_.size() + directory_.size(), 8) +
             number(1, 4);
    }
    end += number(0x06054b50, 4) + number(0, 4) + number(count_, 2) + number(count_, 2) +
           number(directory_.size(), 4) + (zip64 ? ones() : number(bytes_.size(), 4)) +
           number(0, 2);
    return bytes_ + directory_ + end;
  }

 private:
  static std::string number(std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) {
      text += static_cast<char>(i < 8 ? value >> (8 * i) & 0xff : 0);
    }
    return text;
  }
  static std::string ones() { return "\xff\xff\xff\xff"; }
  std::string sizes(const std::string& packed, const std::string& content) const {
    return zip64 ? ones() + ones() : number(packed.size(), 4) + number(content.size(), 4);
  }

  std::string bytes_;
  std::string directory_;
  std::uint64_t count_ = 0;
};
