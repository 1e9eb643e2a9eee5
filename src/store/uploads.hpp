// What users other than the daemon's own have handed over: files, and folders as tar archives, by
// content and apart for each user.
//
//   uploads/<uid>/<sha256>    a file; or a folder, as the archive of that digest holds it
//
// Something appears under its name only when it is whole and on disk. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>

namespace ampd::store {

class Uploads {
 public:
  explicit Uploads(std::filesystem::path folder) : folder_(std::move(folder)) {}

  enum class Form : std::uint8_t { file, folder };

  /// Takes bytes as they come; without finish() nothing stays.
  class Writer {
   public:
    Writer(std::filesystem::path target, Form form, std::int64_t bytes_max);
    ~Writer();
    Writer(Writer&&) noexcept;
    Writer& operator=(Writer&&) = delete;

    /// Throws Error: exhausted (beyond `bytes_max`, or the disk is full), invalid (no archive), io.
    void add(std::span<const std::byte> bytes);

    /// Syncs and names it. Throws Error(invalid) when its digest is another than it was said to
    /// be. The last call.
    void finish();

   private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
  };

  /// Throws Error: invalid (`digest` is no SHA-256), io.
  Writer writer(uid_t user, const std::string& digest, Form form, std::int64_t bytes_max) const;

  bool contains(uid_t user, const std::string& digest) const;

  /// Where it lies. Throws Error: invalid (`digest` is no SHA-256), not_found.
  std::filesystem::path path(uid_t user, const std::string& digest) const;

  /// All that the user has here.
  std::int64_t bytes(uid_t user) const;

  /// Removes what is older than limits::upload_kept_seconds and holds none of the paths `used`.
  void sweep(const std::set<std::filesystem::path>& used) const;

  /// Removes the uploads that hold some of the paths `freed` and none of the paths `used`.
  void remove(const std::set<std::filesystem::path>& freed,
              const std::set<std::filesystem::path>& used) const;

 private:
  std::set<std::filesystem::path> holding(const std::set<std::filesystem::path>& paths) const;
  std::filesystem::path place(uid_t user, const std::string& digest) const;

  std::filesystem::path folder_;
};

}  // namespace ampd::store
