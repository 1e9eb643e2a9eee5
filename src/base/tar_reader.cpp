#include "base/tar_reader.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <string_view>

#include "ampd/error.hpp"
#include "base/limits.hpp"

namespace ampd::base {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::invalid, "the archive " + what);
}

using Block = std::span<const std::byte>;

std::string_view text_of(Block block, std::size_t at, std::size_t size) {
  const std::string_view field(reinterpret_cast<const char*>(block.data()) + at, size);
  return field.substr(0, field.find('\0'));
}

std::int64_t octal(std::string_view field) {
  field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
  field = field.substr(0, field.find(' '));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number, 8);
  if (error != std::errc{} || end != field.data() + field.size() || number < 0) {
    refuse("has a header with a number that is none");
  }
  return number;
}

/// The sum of the header's bytes, the sum's own field taken as blanks.
std::int64_t checksum(Block block) {
  constexpr std::size_t at = 148;
  constexpr std::size_t size = 8;
  std::int64_t sum = ' ' * static_cast<std::int64_t>(size);
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (i < at || i >= at + size) sum += std::to_integer<std::int64_t>(block[i]);
  }
  return sum;
}

std::string name_of(Block block) {
  const std::string_view name = text_of(block, 0, 100);
  const std::string_view prefix =
      text_of(block, 257, 6) == "ustar" ? text_of(block, 345, 155) : std::string_view();
  return prefix.empty() ? std::string(name) : std::string(prefix) + "/" + std::string(name);
}

std::filesystem::path checked_path(const std::string& name) {
  if (name.find('\0') != std::string::npos || std::ssize(name) > limits::path_bytes) {
    refuse("has an entry whose name is longer than a path, or none");
  }
  std::filesystem::path path;
  for (const std::filesystem::path& part : std::filesystem::path(name)) {
    if (part == ".." || part.is_absolute()) {
      refuse("has the entry \"" + name + "\", which leads out of it");
    }
    if (part != "." && !part.empty()) path /= part;
  }
  if (std::distance(path.begin(), path.end()) > limits::folder_depth) {
    refuse("has the entry \"" + name + "\", which lies deeper than " +
           std::to_string(limits::folder_depth) + " folders");
  }
  return path;
}

}  // namespace

void TarReader::add(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    std::size_t taken = 0;
    if (part_ == Part::end) return;
    if (part_ == Part::header) {
      taken = std::min(bytes.size(), block_bytes - block_filled_);
      std::ranges::copy(bytes.first(taken), block_.begin() + std::ptrdiff_t(block_filled_));
      block_filled_ += taken;
      if (block_filled_ == block_bytes) take_header();
    } else if (part_ == Part::padding) {
      taken = std::min(bytes.size(), padding_);
      padding_ -= taken;
      if (padding_ == 0) part_ = Part::header;
    } else {
      taken = std::min<std::size_t>(bytes.size(), static_cast<std::size_t>(left_));
      const std::span<const std::byte> portion = bytes.first(taken);
      if (part_ == Part::content) listener_.content(portion);
      if (part_ == Part::extension) {
        extension_.append(reinterpret_cast<const char*>(portion.data()), portion.size());
      }
      left_ -= std::ssize(portion);
      if (left_ == 0) end_part();
    }
    bytes = bytes.subspan(taken);
  }
}

void TarReader::finish() const {
  const bool is_between = part_ == Part::header && block_filled_ == 0;
  if (part_ != Part::end && !is_between) refuse("is cut");
}

void TarReader::take_header() {
  block_filled_ = 0;
  const Block block(block_);
  if (std::ranges::all_of(block, [](std::byte each) { return each == std::byte{0}; })) {
    part_ = Part::end;
    return;
  }
  if (octal(text_of(block, 148, 8)) != checksum(block)) {
    refuse("is none, or is damaged: a header's sum is wrong");
  }
  const char type = static_cast<char>(block[156]);
  std::int64_t bytes = octal(text_of(block, 124, 12));
  if (type == 'x' || type == 'g' || type == 'L') {
    if (bytes > limits::path_bytes * 4) refuse("has an extended header that is too long");
    extension_.clear();
    extension_type_ = type;
    begin_part(Part::extension, bytes);
    return;
  }
  bytes = long_bytes_.value_or(bytes);
  const std::string name = long_name_.value_or(name_of(block));
  long_bytes_.reset();
  long_name_.reset();
  take_entry(type, bytes, name);
}

void TarReader::take_entry(char type, std::int64_t bytes, const std::string& name) {
  const bool is_folder = type == '5';
  if (!is_folder && type != '0' && type != '\0') {
    refuse("has the entry \"" + name +
           "\", which is neither a folder nor a regular file; put a file in place of a link");
  }
  if (is_folder && bytes != 0) refuse("has a folder \"" + name + "\" with content");
  Entry entry{checked_path(name), is_folder, bytes};
  if (entry.path.empty()) {
    if (!is_folder) refuse("has a file without a name");
    return;
  }
  listener_.begin(entry);
  begin_part(Part::content, bytes);
}

void TarReader::begin_part(Part part, std::int64_t bytes) {
  part_ = part;
  left_ = bytes;
  padding_ = (block_bytes - static_cast<std::size_t>(bytes) % block_bytes) % block_bytes;
  if (left_ == 0) end_part();
}

void TarReader::end_part() {
  if (part_ == Part::extension) take_extension();
  part_ = padding_ == 0 ? Part::header : Part::padding;
}

/// Records of pax: "LENGTH KEY=VALUE\n", the length counting itself.
void TarReader::take_extension() {
  if (extension_type_ == 'L') {
    long_name_ = extension_.substr(0, extension_.find('\0'));
    return;
  }
  if (extension_type_ == 'g') return;
  std::string_view rest = extension_;
  while (!rest.empty()) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
    const auto digits = static_cast<std::size_t>(end - rest.data());
    if (error != std::errc{} || size > rest.size() || size < digits + 3 || *end != ' ' ||
        rest[size - 1] != '\n') {
      refuse("has a damaged extended header");
    }
    const std::string_view record = rest.substr(digits + 1, size - digits - 2);
    const std::string_view key = record.substr(0, record.find('='));
    const std::string_view value = record.substr(std::min(key.size() + 1, record.size()));
    if (key == "path") long_name_ = value;
    if (key == "size") {
      std::int64_t bytes = -1;
      std::from_chars(value.data(), value.data() + value.size(), bytes);
      if (bytes < 0) refuse("has a damaged extended header");
      long_bytes_ = bytes;
    }
    rest.remove_prefix(size);
  }
}

}  // namespace ampd::base
