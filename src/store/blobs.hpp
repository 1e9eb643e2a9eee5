// Files by content: each is named by its SHA-256, written once and never changed.
//
// A file appears under its name only when it is whole and on disk, so that a crash leaves at most
// a temporary one, which the next start removes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/files.hpp"

namespace ampd::store {

class Blobs {
 public:
  explicit Blobs(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Takes bytes as they come; without finish() nothing stays.
  class Writer {
   public:
    Writer(std::filesystem::path folder, std::int64_t bytes_max);
    ~Writer();
    Writer(Writer&&) noexcept = default;
    Writer& operator=(Writer&&) = delete;

    /// Throws Error(exhausted) beyond `bytes_max`, or when the disk is full.
    void add(std::span<const std::byte> bytes);

    /// Syncs and names the blob, and returns its digest. The last call.
    std::string finish();

   private:
    std::filesystem::path folder_;
    std::filesystem::path temporary_;
    base::FileDescriptor file_;
    base::Digest digest_;
    std::int64_t bytes_left_;
  };

  Writer writer(std::int64_t bytes_max) const { return {folder_, bytes_max}; }

  /// Copies a regular file in and returns its digest. Throws Error naming the file.
  std::string add_file(const std::filesystem::path& path, std::int64_t bytes_max) const;
  std::string add_text(std::string_view text) const;

  bool contains(const std::string& digest) const;

  /// Whether the blob's content still has its digest. Throws Error: not_found, io.
  bool is_whole(const std::string& digest) const;

  /// Where the blob lies, if it is there.
  std::filesystem::path path(const std::string& digest) const { return folder_ / digest; }

  /// Does nothing if it is not there.
  void remove(const std::string& digest) const;

  /// Removes temporary files and every blob that is not in `kept`.
  void sweep(const std::set<std::string>& kept) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace ampd::store
