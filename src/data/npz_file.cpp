#include "data/npz_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "data/inflate.hpp"
#include "data/npy.hpp"

namespace ampd::data {
namespace {

// Field offsets and signatures: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16 and 4.5.3.
constexpr std::uint32_t local_signature = 0x04034b50;
constexpr std::uint32_t central_signature = 0x02014b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50;
constexpr std::uint32_t locator64_signature = 0x07064b50;
constexpr std::size_t local_bytes = 30;
constexpr std::size_t central_bytes = 46;
constexpr std::size_t end_bytes = 22;
constexpr std::size_t end64_bytes = 56;
constexpr std::size_t locator64_bytes = 20;
constexpr std::uint16_t zip64_extra = 1;
constexpr int encrypted_flag = 1;
constexpr int stored = 0;
constexpr int deflated = 8;

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(ErrorCode::invalid, name + " is not a valid .npz archive: " + reason);
}

/// Little-endian fields of bytes; a read past their end is refused.
class Fields {
 public:
  Fields(std::span<const std::byte> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::uint16_t u16(std::uint64_t offset) const { return field<std::uint16_t>(offset); }
  std::uint32_t u32(std::uint64_t offset) const { return field<std::uint32_t>(offset); }
  std::uint64_t u64(std::uint64_t offset) const { return field<std::uint64_t>(offset); }

  std::span<const std::byte> part(std::uint64_t offset, std::uint64_t count) const {
    if (offset > bytes_.size() || count > bytes_.size() - offset) {
      refuse(name_, "it is cut short or damaged");
    }
    return bytes_.subspan(offset, count);
  }

 private:
  template <class T>
  T field(std::uint64_t offset) const {
    T value{};
    std::memcpy(&value, part(offset, sizeof(T)).data(), sizeof(T));
    return value;
  }

  std::span<const std::byte> bytes_;
  const std::string& name_;
};

struct Directory {
  std::uint64_t offset_bytes = 0;
  std::uint64_t entries = 0;
};

std::size_t find_end(std::span<const std::byte> bytes, const Fields& fields,
                     const std::string& name) {
  constexpr std::size_t comment_bytes_max = 0xffff;
  if (bytes.size() < end_bytes) refuse(name, "it is too short for a zip archive");
  const std::size_t last = bytes.size() - end_bytes;
  const std::size_t first = last - std::min(last, comment_bytes_max);
  for (std::size_t at = last + 1; at-- > first;) {
    if (fields.u32(at) == end_signature && fields.u16(at + 20) == last - at) return at;
  }
  refuse(name, "it has no directory, as when it is cut short");
}

Directory find_directory(std::span<const std::byte> bytes, const Fields& fields,
                         const std::string& name) {
  const std::size_t end = find_end(bytes, fields, name);
  if (end >= locator64_bytes && fields.u32(end - locator64_bytes) == locator64_signature) {
    const std::uint64_t end64 = fields.u64(end - locator64_bytes + 8);
    fields.part(end64, end64_bytes);
    if (fields.u32(end64) != end64_signature) refuse(name, "its directory is damaged");
    return {.offset_bytes = fields.u64(end64 + 48), .entries = fields.u64(end64 + 32)};
  }
  return {.offset_bytes = fields.u32(end + 16), .entries = fields.u16(end + 10)};
}

/// The value of a 32-bit field, or of its 64-bit form in the extra field, which has only those
/// whose 32 bits are all ones, in order.
std::uint64_t widened(std::uint32_t narrow, const Fields& extra, std::uint64_t& cursor) {
  if (narrow != 0xffffffff) return narrow;
  cursor += 8;
  return extra.u64(cursor - 8);
}

std::span<const std::byte> find_zip64(std::span<const std::byte> extra) {
  while (extra.size() >= 4) {
    std::uint16_t id = 0;
    std::uint16_t length = 0;
    std::memcpy(&id, extra.data(), 2);
    std::memcpy(&length, extra.data() + 2, 2);
    extra = extra.subspan(4);
    if (length > extra.size()) break;
    if (id == zip64_extra) return extra.first(length);
    extra = extra.subspan(length);
  }
  return {};
}

std::int64_t limited(std::uint64_t size_bytes) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(size_bytes, base::limits::tensor_bytes));
}

}  // namespace

NpzFile::NpzFile(const std::filesystem::path& path)
    : name_(path.string()), bytes_(base::read_file(path, base::limits::tensor_bytes)) {
  const Fields fields(bytes_, name_);
  const Directory directory = find_directory(bytes_, fields, name_);
  std::uint64_t at = directory.offset_bytes;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    fields.part(at, central_bytes);
    if (fields.u32(at) != central_signature) refuse(name_, "its directory is damaged");
    const std::uint64_t name_bytes = fields.u16(at + 28);
    const std::uint64_t extra_bytes = fields.u16(at + 30);
    const std::uint64_t comment_bytes = fields.u16(at + 32);
    const auto text = fields.part(at + central_bytes, name_bytes);
    std::string entry_name(reinterpret_cast<const char*>(text.data()), text.size());
    const Fields extra(find_zip64(fields.part(at + central_bytes + name_bytes, extra_bytes)),
                       name_);
    std::uint64_t cursor = 0;
    Entry entry{.flags = fields.u16(at + 8),
                .method = fields.u16(at + 10),
                .checksum = fields.u32(at + 16)};
    entry.size_bytes = widened(fields.u32(at + 24), extra, cursor);
    entry.compressed_bytes = widened(fields.u32(at + 20), extra, cursor);
    entry.offset_bytes = widened(fields.u32(at + 42), extra, cursor);
    if (entry_name.ends_with(".npy")) entry_name.resize(entry_name.size() - 4);
    if (!entries_.emplace(std::move(entry_name), entry).second) {
      refuse(name_, "two of its arrays have the same name");
    }
    at += central_bytes + name_bytes + extra_bytes + comment_bytes;
  }
}

std::vector<std::string> NpzFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

tensor::Tensor NpzFile::read(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    std::string known;
    for (const std::string& other : names()) known += (known.empty() ? "" : ", ") + other;
    throw Error(ErrorCode::not_found,
                name_ + " has no array \"" + name + "\"; it has: " + (known.empty() ? "-" : known));
  }
  const std::string place = name_ + ", array \"" + name + "\",";
  return read_npy(content(found->second, place), place);
}

std::vector<std::byte> NpzFile::content(const Entry& entry, const std::string& place) const {
  if ((entry.flags & encrypted_flag) != 0 || (entry.method != stored && entry.method != deflated)) {
    throw Error(ErrorCode::unsupported, place +
                                            " is encrypted or in another compression than "
                                            "deflate; write it with numpy.savez");
  }
  const Fields fields(bytes_, name_);
  fields.part(entry.offset_bytes, local_bytes);
  if (fields.u32(entry.offset_bytes) != local_signature) refuse(name_, "an entry is damaged");
  const std::uint64_t start = entry.offset_bytes + local_bytes +
                              fields.u16(entry.offset_bytes + 26) +
                              fields.u16(entry.offset_bytes + 28);
  const std::span<const std::byte> packed = fields.part(start, entry.compressed_bytes);
  std::vector<std::byte> bytes =
      entry.method == deflated
          ? inflate(packed, Compression::deflate, limited(entry.size_bytes), place)
          : std::vector<std::byte>(packed.begin(), packed.end());
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
  if (bytes.size() != entry.size_bytes || ::crc32_z(0, data, bytes.size()) != entry.checksum) {
    throw Error(ErrorCode::invalid, place + " is damaged: its checksum is wrong");
  }
  return bytes;
}

}  // namespace ampd::data
