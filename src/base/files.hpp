// Whole files, read within a limit and written so that a crash leaves the old or the new one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ampd::base {

/// A file descriptor that closes itself.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : number_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;

  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  int release();
  void reset();

 private:
  int number_ = -1;
};

/// Reads a regular file. Throws Error: not_found, denied, invalid (not a regular file), io, or
/// exhausted when it holds more than `bytes_max`; the sentence names the file.
std::vector<std::byte> read_file(const std::filesystem::path& path, std::int64_t bytes_max);
std::string read_text(const std::filesystem::path& path, std::int64_t bytes_max);

/// Reads all of an open descriptor, from its start; `name` stands in the error's sentence.
std::vector<std::byte> read_descriptor(int descriptor, const std::string& name,
                                       std::int64_t bytes_max);

/// Writes beside the target, syncs, renames, syncs the folder. Throws Error(io or denied).
void write_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0644);

/// An anonymous file in memory that holds `bytes`, for passing them to another process.
FileDescriptor memory_file(const std::string& name, std::string_view bytes);

/// The Error for a failed system call on `path`, with the code that `error_number` means.
[[noreturn]] void throw_system_error(const std::string& action, const std::filesystem::path& path,
                                     int error_number);

}  // namespace ampd::base
