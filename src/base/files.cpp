#include "base/files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "ampd/error.hpp"

namespace ampd::base {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::denied;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return ErrorCode::exhausted;
    default:
      return ErrorCode::io;
  }
}

void write_all(int descriptor, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_system_error("cannot write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open() || ::fsync(descriptor.get()) != 0) {
    throw_system_error("cannot sync", folder, errno);
  }
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = other.release();
  }
  return *this;
}

int FileDescriptor::release() {
  return std::exchange(number_, -1);
}

void FileDescriptor::reset() {
  if (number_ >= 0) ::close(release());
}

void throw_system_error(const std::string& action, const std::filesystem::path& path,
                        int error_number) {
  std::string object = path.string();
  if (error_number == EACCES) {
    // A worker may read the file's folder and not where the link leads to.
    std::error_code no_link;
    const std::filesystem::path target = std::filesystem::read_symlink(path, no_link);
    if (!no_link) object += ", a link to " + target.string();
  }
  throw Error(code_of(error_number), action + " " + object + ": " + std::strerror(error_number));
}

std::vector<std::byte> read_descriptor(int descriptor, const std::string& name,
                                       std::int64_t bytes_max) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw_system_error("cannot read", name, errno);
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::invalid, name + " is not a regular file");
  if (status.st_size > bytes_max) {
    throw Error(ErrorCode::exhausted, name + " has " + std::to_string(status.st_size) +
                                          " bytes, more than the limit of " +
                                          std::to_string(bytes_max));
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::pread(descriptor, bytes.data() + filled, bytes.size() - filled,
                                static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_system_error("cannot read", name, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

std::vector<std::byte> read_file(const std::filesystem::path& path, std::int64_t bytes_max) {
  const FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.is_open()) throw_system_error("cannot open", path, errno);
  return read_descriptor(descriptor.get(), path.string(), bytes_max);
}

std::string read_text(const std::filesystem::path& path, std::int64_t bytes_max) {
  const std::vector<std::byte> bytes = read_file(path, bytes_max);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::string temporary = (folder / (".ampd-XXXXXX")).string();
  const FileDescriptor descriptor(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!descriptor.is_open()) throw_system_error("cannot write", path, errno);
  try {
    write_all(descriptor.get(), bytes, path);
    if (::fchmod(descriptor.get(), mode) != 0 || ::fsync(descriptor.get()) != 0 ||
        ::rename(temporary.c_str(), path.c_str()) != 0) {
      throw_system_error("cannot write", path, errno);
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(folder);
}

FileDescriptor memory_file(const std::string& name, std::string_view bytes) {
  FileDescriptor descriptor(::memfd_create(name.c_str(), MFD_CLOEXEC));
  if (!descriptor.is_open()) throw_system_error("cannot create in memory", name, errno);
  write_all(descriptor.get(), bytes, name);
  return descriptor;
}

}  // namespace ampd::base
