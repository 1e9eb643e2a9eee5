#include "base/tar_writer.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.hpp"

namespace ampd::base {
namespace {

constexpr std::size_t block_bytes = 512;
constexpr std::size_t name_bytes = 100;
constexpr std::int64_t ustar_bytes_max = (std::int64_t{1} << 33) - 1;  // eleven octal digits

/// "LENGTH KEY=VALUE\n", the length counting itself.
std::string pax_record(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t size = rest.size();
  while (size != rest.size() + std::to_string(size).size()) {
    size = rest.size() + std::to_string(size).size();
  }
  return std::to_string(size) + rest;
}

class Header {
 public:
  void put(std::size_t at, std::string_view text) {
    std::ranges::copy(text, block_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  /// `digits` octal digits.
  void put(std::size_t at, std::size_t digits, std::int64_t number) {
    std::string text(digits, '0');
    for (std::size_t i = digits; i-- > 0; number /= 8) {
      text[i] = static_cast<char>('0' + number % 8);
    }
    put(at, text);
  }
  void seal() {
    put(148, "        ");
    std::int64_t sum = 0;
    for (const char each : block_) sum += static_cast<unsigned char>(each);
    put(148, 6, sum);
    put(154, std::string_view("\0 ", 2));
  }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(block_)); }

 private:
  std::array<char, block_bytes> block_{};
};

}  // namespace

void TarWriter::folder(const std::string& name) {
  entry('5', name + "/", 0);
}

void TarWriter::file(const std::string& name, std::int64_t bytes) {
  entry('0', name, bytes);
}

void TarWriter::entry(char type, const std::string& name, std::int64_t bytes) {
  AMPD_CHECK(left_ == 0);
  std::string records;
  if (name.size() > name_bytes) records += pax_record("path", name);
  if (bytes > ustar_bytes_max) records += pax_record("size", std::to_string(bytes));
  if (!records.empty()) {
    header('x', "pax", std::ssize(records));
    content(std::as_bytes(std::span(records)));
  }
  header(type, name.substr(0, name_bytes), bytes);
}

void TarWriter::header(char type, const std::string& name, std::int64_t bytes) {
  Header block;
  block.put(0, name);
  block.put(100, 7, type == '5' ? 0755 : 0644);
  block.put(108, 7, 0);
  block.put(116, 7, 0);
  block.put(124, 11, std::min(bytes, ustar_bytes_max));
  block.put(136, 11, 0);
  block.put(156, std::string_view(&type, 1));
  block.put(257, std::string_view("ustar\0"
                                  "00",
                                  8));
  block.seal();
  output_(block.bytes());
  written_ = 0;
  left_ = bytes;
}

void TarWriter::content(std::span<const std::byte> bytes) {
  AMPD_CHECK(std::ssize(bytes) <= left_);
  output_(bytes);
  written_ += std::ssize(bytes);
  left_ -= std::ssize(bytes);
  if (left_ == 0) pad();
}

void TarWriter::pad() {
  static constexpr std::array<std::byte, block_bytes> zeros{};
  const auto over = static_cast<std::size_t>(written_) % block_bytes;
  if (over != 0) output_(std::span(zeros).first(block_bytes - over));
}

void TarWriter::finish() {
  AMPD_CHECK(left_ == 0);
  static constexpr std::array<std::byte, 2 * block_bytes> zeros{};
  output_(zeros);
}

}  // namespace ampd::base
