#include "store/uploads.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <iterator>
#include <utility>

#include "ampd/error.hpp"
#include "base/digest.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "base/tar_reader.hpp"

namespace ampd::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view temporary_prefix = ".new-";
constexpr std::size_t digest_characters = 64;
constexpr mode_t folder_mode = 0750;
constexpr mode_t file_mode = 0640;

bool is_digest(const std::string& text) {
  return text.size() == digest_characters &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

base::FileDescriptor create_file(const fs::path& path) {
  base::FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file_mode));
  if (!file.is_open()) base::throw_system_error("cannot write", path, errno);
  return file;
}

void create_folders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) base::throw_system_error("cannot make the folder", path, error.value());
}

/// All that was written in the file system that `path` lies in.
void sync_all(const fs::path& path) {
  const base::FileDescriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::syncfs(folder.get()) != 0) {
    base::throw_system_error("cannot sync", path, errno);
  }
}

}  // namespace

struct Uploads::Writer::Implementation {
  fs::path target;
  fs::path temporary;
  Form form;
  std::int64_t bytes_left;
  std::int64_t unsynced_bytes = 0;
  base::Digest digest;
  base::FileDescriptor file;  // that is being written
  base::TarReader archive{{[this](const base::TarReader::Entry& entry) { begin(entry); },
                           [this](std::span<const std::byte> bytes) { write(bytes); }}};

  Implementation(fs::path to, Form as, std::int64_t bytes_max)
      : target(std::move(to)), form(as), bytes_left(bytes_max) {
    std::string pattern = (target.parent_path() / (std::string(temporary_prefix) + "XXXXXX"));
    if (::mkdtemp(pattern.data()) == nullptr) {
      base::throw_system_error("cannot write into", target.parent_path(), errno);
    }
    temporary = pattern;
    ::chmod(temporary.c_str(), folder_mode);
    if (form == Form::file) file = create_file(temporary / "file");
  }
  ~Implementation() {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
  }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  void begin(const base::TarReader::Entry& entry) {
    const fs::path path = temporary / entry.path;
    create_folders(entry.is_folder ? path : path.parent_path());
    file = entry.is_folder ? base::FileDescriptor() : create_file(path);
  }

  void write(std::span<const std::byte> bytes) {
    unsynced_bytes += std::ssize(bytes);
    while (!bytes.empty()) {
      const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) base::throw_system_error("cannot write into", temporary, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    // Little by little, so that the end of a large upload keeps nobody waiting.
    if (unsynced_bytes < base::limits::upload_sync_bytes) return;
    if (::fdatasync(file.get()) != 0) base::throw_system_error("cannot sync", temporary, errno);
    unsynced_bytes = 0;
  }
};

Uploads::Writer::Writer(fs::path target, Form form, std::int64_t bytes_max)
    : implementation_(std::make_unique<Implementation>(std::move(target), form, bytes_max)) {}
Uploads::Writer::~Writer() = default;
Uploads::Writer::Writer(Writer&&) noexcept = default;

void Uploads::Writer::add(std::span<const std::byte> bytes) {
  Implementation& all = *implementation_;
  all.bytes_left -= std::ssize(bytes);
  if (all.bytes_left < 0) {
    throw Error(ErrorCode::exhausted,
                "the upload exceeds what you may keep here; remove jobs that you no longer need "
                "(ampctl rm), or ask for a larger upload_mib in the daemon's configuration");
  }
  all.digest.add(bytes);
  if (all.form == Form::file) {
    all.write(bytes);
  } else {
    all.archive.add(bytes);
  }
}

void Uploads::Writer::finish() {
  Implementation& all = *implementation_;
  if (all.form == Form::folder) all.archive.finish();
  if (all.digest.finish() != all.target.filename()) {
    throw Error(ErrorCode::invalid, "the upload's content is not what its digest says");
  }
  all.file.reset();
  sync_all(all.temporary);
  const fs::path source = all.form == Form::file ? all.temporary / "file" : all.temporary;
  // The same folder may be there already.
  if (::rename(source.c_str(), all.target.c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST) {
    base::throw_system_error("cannot write", all.target, errno);
  }
  sync_all(all.target.parent_path());
}

fs::path Uploads::place(uid_t user, const std::string& digest) const {
  if (!is_digest(digest)) {
    throw Error(ErrorCode::invalid, "\"" + digest + "\" is no SHA-256 in lower-case hex");
  }
  return folder_ / std::to_string(user) / digest;
}

Uploads::Writer Uploads::writer(uid_t user, const std::string& digest, Form form,
                                std::int64_t bytes_max) const {
  const fs::path target = place(user, digest);
  create_folders(target.parent_path());
  return {target, form, bytes_max};
}

bool Uploads::contains(uid_t user, const std::string& digest) const {
  return fs::exists(place(user, digest));
}

fs::path Uploads::path(uid_t user, const std::string& digest) const {
  fs::path found = place(user, digest);
  if (!fs::exists(found)) {
    throw Error(ErrorCode::not_found, "you have not uploaded " + digest);
  }
  return found;
}

std::int64_t Uploads::bytes(uid_t user) const {
  std::int64_t sum = 0;
  std::error_code none;
  const fs::path own = folder_ / std::to_string(user);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(own, none)) {
    if (entry.is_regular_file()) sum += static_cast<std::int64_t>(entry.file_size());
  }
  return sum;
}

std::set<fs::path> Uploads::holding(const std::set<fs::path>& paths) const {
  std::set<fs::path> uploads;
  for (const fs::path& path : paths) {
    const fs::path below = path.lexically_relative(folder_);
    if (below.empty() || *below.begin() == ".." || std::distance(below.begin(), below.end()) < 2) {
      continue;
    }
    uploads.insert(folder_ / *below.begin() / *std::next(below.begin()));
  }
  return uploads;
}

void Uploads::sweep(const std::set<fs::path>& used) const {
  const auto limit =
      fs::file_time_type::clock::now() - std::chrono::seconds(base::limits::upload_kept_seconds);
  std::set<fs::path> old;
  for (const fs::directory_entry& user : fs::directory_iterator(folder_)) {
    for (const fs::directory_entry& upload : fs::directory_iterator(user.path())) {
      if (upload.last_write_time() < limit) old.insert(upload.path());
    }
  }
  remove(old, used);
}

void Uploads::remove(const std::set<fs::path>& freed, const std::set<fs::path>& used) const {
  const std::set<fs::path> kept = holding(used);
  for (const fs::path& upload : holding(freed)) {
    if (kept.contains(upload)) continue;
    std::error_code error;
    fs::remove_all(upload, error);
    if (error) base::throw_system_error("cannot remove", upload, error.value());
  }
}

}  // namespace ampd::store
