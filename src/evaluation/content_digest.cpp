#include "evaluation/content_digest.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <vector>

#include "ampd/error.hpp"
#include "base/digest.hpp"
#include "base/files.hpp"

namespace ampd::evaluation {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t portion_bytes = 8 << 20;

std::string file_digest(const fs::path& file, const std::function<void()>& alive) {
  const base::FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.is_open()) base::throw_system_error("cannot open", file, errno);
  base::Digest digest;
  std::vector<std::byte> portion(portion_bytes);
  while (true) {
    const ssize_t got = ::read(descriptor.get(), portion.data(), portion.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) base::throw_system_error("cannot read", file, errno);
    if (got == 0) return digest.finish();
    digest.add(std::span(portion).first(static_cast<std::size_t>(got)));
    if (alive) alive();
  }
}

std::string folder_digest(const fs::path& folder, const std::function<void()>& alive) {
  std::map<std::string, fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files.emplace(entry.path().lexically_relative(folder).string(), entry.path());
    }
  }
  base::Digest digest;
  for (const auto& [name, file] : files) {
    digest.add(file_digest(file, alive) + "  " + name + "\n");
  }
  return digest.finish();
}

}  // namespace

std::string content_digest(const fs::path& path, const std::function<void()>& alive) {
  try {
    if (fs::is_directory(path)) return folder_digest(path, alive);
    if (!fs::exists(path)) base::throw_system_error("cannot open", path, ENOENT);
    if (!fs::is_regular_file(path)) {
      throw Error(ErrorCode::invalid, path.string() + " is neither a file nor a folder");
    }
    return file_digest(path, alive);
  } catch (const fs::filesystem_error& error) {
    base::throw_system_error("cannot read", error.path1().empty() ? path : error.path1(),
                             error.code().value());
  }
}

}  // namespace ampd::evaluation
