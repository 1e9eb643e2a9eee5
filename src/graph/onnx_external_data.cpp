#include "graph/onnx_external_data.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "ampd/error.hpp"
#include "base/limits.hpp"

namespace ampd::graph {
namespace {

constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr int file_flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

[[noreturn]] void refuse(ErrorCode code, const std::string& tensor_name,
                         const std::string& location, const std::string& reason) {
  throw Error(code, "the external data of tensor " + tensor_name + ", " + location + ", " + reason);
}

base::FileDescriptor open_part(int folder, const std::filesystem::path& part, bool last,
                               const std::string& tensor_name, const std::string& location) {
  const int flags = last ? file_flags : folder_flags | O_NOFOLLOW;
  base::FileDescriptor opened(::openat(folder, part.c_str(), flags));
  if (opened.is_open()) return opened;
  const int error_number = errno;
  struct stat status {};
  if (::fstatat(folder, part.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISLNK(status.st_mode)) {
    refuse(ErrorCode::denied, tensor_name, location,
           "passes through the symbolic link " + part.string() + "; put the file itself there");
  }
  base::throw_system_error("cannot open the external data of tensor " + tensor_name + ",", location,
                           error_number);
}

void read_fully(int descriptor, std::int64_t offset_bytes, std::span<std::byte> target,
                const std::string& location) {
  while (!target.empty()) {
    const ssize_t got = ::pread(descriptor, target.data(), target.size(), offset_bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) base::throw_system_error("cannot read", location, errno);
    if (got == 0) throw Error(ErrorCode::invalid, location + " shrank while it was read");
    target = target.subspan(static_cast<std::size_t>(got));
    offset_bytes += got;
  }
}

}  // namespace

int ExternalData::open(const std::string& location, const std::string& tensor_name) {
  const auto known = files_.find(location);
  if (known != files_.end()) return known->second.get();
  const std::filesystem::path path(location);
  if (location.empty() || location.find('\0') != std::string::npos || path.is_absolute() ||
      !path.has_filename()) {
    refuse(ErrorCode::denied, tensor_name, location, "must be a file inside the model's folder");
  }
  if (folder_.empty()) {
    refuse(ErrorCode::not_found, tensor_name, location,
           "cannot be read because the model's folder is not known");
  }
  base::FileDescriptor current(::open(folder_.c_str(), folder_flags));
  if (!current.is_open()) base::throw_system_error("cannot open", folder_, errno);
  for (auto part = path.begin(); part != path.end(); ++part) {
    if (*part == "..") {
      refuse(ErrorCode::denied, tensor_name, location, "must not leave the model's folder");
    }
    const bool last = std::next(part) == path.end();
    current = open_part(current.get(), *part, last, tensor_name, location);
  }
  return files_.emplace(location, std::move(current)).first->second.get();
}

void ExternalData::read(const ExternalRange& range, const std::string& tensor_name,
                        std::span<std::byte> target) {
  const int descriptor = open(range.location, tensor_name);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0)
    base::throw_system_error("cannot read", range.location, errno);
  if (!S_ISREG(status.st_mode)) {
    refuse(ErrorCode::invalid, tensor_name, range.location, "is not a regular file");
  }
  if (status.st_size > base::limits::external_data_bytes) {
    refuse(ErrorCode::exhausted, tensor_name, range.location, "is larger than the limit");
  }
  const auto needed = static_cast<std::int64_t>(target.size());
  if (range.length_bytes && *range.length_bytes != needed) {
    refuse(ErrorCode::invalid, tensor_name, range.location,
           "has a length of " + std::to_string(*range.length_bytes) +
               " bytes where the tensor needs " + std::to_string(needed));
  }
  if (range.offset_bytes < 0 || range.offset_bytes > status.st_size ||
      status.st_size - range.offset_bytes < needed) {
    refuse(ErrorCode::invalid, tensor_name, range.location,
           "is too short: it has " + std::to_string(status.st_size) + " bytes where " +
               std::to_string(needed) + " are needed from offset " +
               std::to_string(range.offset_bytes));
  }
  read_fully(descriptor, range.offset_bytes, target, range.location);
}

std::vector<std::string> ExternalData::locations() const {
  std::vector<std::string> locations;
  for (const auto& [location, file] : files_) locations.push_back(location);
  return locations;
}

}  // namespace ampd::graph
