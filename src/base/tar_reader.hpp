// Reads a tar archive as its bytes come: folders and regular files, by ustar and pax headers.
//
// The archive is hostile input. What is not a plain relative path below the archive's top, or is
// neither a folder nor a regular file, is refused; nothing is kept but one header at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace ampd::base {

class TarReader {
 public:
  struct Entry {
    std::filesystem::path path;  // relative, without "." and ".."
    bool is_folder = false;
    std::int64_t bytes = 0;
  };

  /// `begin` is told of each entry, then `content` its bytes, portion by portion.
  struct Listener {
    std::function<void(const Entry&)> begin;
    std::function<void(std::span<const std::byte>)> content;
  };

  explicit TarReader(Listener listener) : listener_(std::move(listener)) {}

  /// Throws Error(invalid) that says what is wrong with the archive, and what the listener throws.
  void add(std::span<const std::byte> bytes);

  /// Throws Error(invalid) if the archive was cut.
  void finish() const;

 private:
  static constexpr std::size_t block_bytes = 512;

  /// Of the entry under way.
  enum class Part : std::uint8_t { header, content, extension, padding, end };

  void take_header();
  void begin_part(Part part, std::int64_t bytes);
  void end_part();
  void take_extension();
  void take_entry(char type, std::int64_t bytes, const std::string& name);

  Listener listener_;
  Part part_ = Part::header;
  std::array<std::byte, block_bytes> block_{};
  std::size_t block_filled_ = 0;
  std::int64_t left_ = 0;    // of content or extension
  std::size_t padding_ = 0;  // behind it
  std::string extension_;    // a pax header, or a long name
  char extension_type_ = 0;
  std::optional<std::string> long_name_;
  std::optional<std::int64_t> long_bytes_;
};

}  // namespace ampd::base
