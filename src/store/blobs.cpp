#include "store/blobs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <utility>
#include <vector>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/limits.hpp"

namespace ampd::store {
namespace {

constexpr std::string_view temporary_prefix = ".new-";
constexpr std::size_t chunk_bytes = 1 << 20;

void sync(const std::filesystem::path& folder) {
  const base::FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open() || ::fsync(descriptor.get()) != 0) {
    base::throw_system_error("cannot sync", folder, errno);
  }
}

void read_all(int descriptor, const std::filesystem::path& path,
              const std::function<void(std::span<const std::byte>)>& take) {
  std::vector<std::byte> chunk(chunk_bytes);
  while (true) {
    const ssize_t got = ::read(descriptor, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) base::throw_system_error("cannot read", path, errno);
    if (got == 0) return;
    take(std::span(chunk).first(static_cast<std::size_t>(got)));
  }
}

}  // namespace

Blobs::Writer::Writer(std::filesystem::path folder, std::int64_t bytes_max)
    : folder_(std::move(folder)), bytes_left_(bytes_max) {
  std::string pattern = (folder_ / (std::string(temporary_prefix) + "XXXXXX")).string();
  file_ = base::FileDescriptor(::mkostemp(pattern.data(), O_CLOEXEC));
  if (!file_.is_open()) base::throw_system_error("cannot write into", folder_, errno);
  temporary_ = pattern;
}

Blobs::Writer::~Writer() {
  if (file_.is_open()) ::unlink(temporary_.c_str());
}

void Blobs::Writer::add(std::span<const std::byte> bytes) {
  bytes_left_ -= std::ssize(bytes);
  if (bytes_left_ < 0) throw Error(ErrorCode::exhausted, "a file is larger than it may be");
  digest_.add(bytes);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) base::throw_system_error("cannot write into", folder_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

std::string Blobs::Writer::finish() {
  AMPD_CHECK(file_.is_open());
  std::string digest = digest_.finish();
  if (::fchmod(file_.get(), 0440) != 0 || ::fsync(file_.get()) != 0 ||
      ::rename(temporary_.c_str(), (folder_ / digest).c_str()) != 0) {
    base::throw_system_error("cannot write into", folder_, errno);
  }
  file_.reset();
  sync(folder_);
  return digest;
}

std::string Blobs::add_file(const std::filesystem::path& path, std::int64_t bytes_max) const {
  const base::FileDescriptor source(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!source.is_open() || ::fstat(source.get(), &status) != 0) {
    base::throw_system_error("cannot open", path, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::invalid, path.string() + " is not a regular file");
  }
  if (status.st_size > bytes_max) {
    throw Error(ErrorCode::exhausted, path.string() + " has " + std::to_string(status.st_size) +
                                          " bytes, more than the limit of " +
                                          std::to_string(bytes_max));
  }
  Writer copy = writer(bytes_max);
  read_all(source.get(), path, [&](std::span<const std::byte> bytes) { copy.add(bytes); });
  return copy.finish();
}

std::string Blobs::add_text(std::string_view text) const {
  Writer copy = writer(base::limits::model_bytes);
  copy.add(std::as_bytes(std::span(text)));
  return copy.finish();
}

bool Blobs::is_whole(const std::string& digest) const {
  const std::filesystem::path file = path(digest);
  const base::FileDescriptor source(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.is_open()) base::throw_system_error("cannot open", file, errno);
  base::Digest sum;
  read_all(source.get(), file, [&](std::span<const std::byte> bytes) { sum.add(bytes); });
  return sum.finish() == digest;
}

bool Blobs::contains(const std::string& digest) const {
  return std::filesystem::is_regular_file(folder_ / digest);
}

void Blobs::remove(const std::string& digest) const {
  if (::unlink((folder_ / digest).c_str()) != 0 && errno != ENOENT) {
    base::throw_system_error("cannot remove", folder_ / digest, errno);
  }
}

void Blobs::sweep(const std::set<std::string>& kept) const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    names.push_back(entry.path().filename().string());
  }
  for (const std::string& name : names) {
    if (!kept.contains(name)) remove(name);
  }
}

}  // namespace ampd::store
