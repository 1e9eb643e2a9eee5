#include "client/upload.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "base/tar_writer.hpp"
#include "client/output.hpp"
#include "client/worker.hpp"
#include "job/data_path.hpp"
#include "terminal/format.hpp"

namespace ampd::client {
namespace {

namespace fs = std::filesystem;
using Sink = std::function<void(std::span<const std::byte>)>;

/// One thing to be sent: the bytes it gives are the same each time, unless the files change.
struct Parcel {
  const char* type;
  std::function<void(const Sink&)> write;
};

/// The content of a regular file, portion by portion, `bytes` in all.
void read(const fs::path& path, std::int64_t bytes, const Sink& sink) {
  const base::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) base::throw_system_error("cannot open", path, errno);
  std::array<std::byte, 256 << 10> portion;
  while (bytes > 0) {
    const ssize_t got = ::read(file.get(), portion.data(), portion.size());
    if (got < 0) base::throw_system_error("cannot read", path, errno);
    if (got == 0 || got > bytes) {
      throw Error(ErrorCode::conflict, path.string() + " changes while it is uploaded");
    }
    sink(std::span(portion).first(static_cast<std::size_t>(got)));
    bytes -= got;
  }
}

std::int64_t size_of_file(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) base::throw_system_error("cannot open", path, errno);
  if (S_ISREG(status.st_mode)) return status.st_size;
  throw Error(ErrorCode::invalid, path.string() + " is neither a folder nor a regular file");
}

/// Files of `folder`, by their paths in it.
void pack(const fs::path& folder, const std::vector<std::string>& names, const Sink& sink) {
  base::TarWriter archive(sink);
  for (const std::string& name : names) {
    const fs::path path = folder / name;
    if (fs::is_directory(path)) {
      archive.folder(name);
      continue;
    }
    const std::int64_t bytes = size_of_file(path);
    archive.file(name, bytes);
    read(path, bytes, [&](std::span<const std::byte> portion) { archive.content(portion); });
  }
  archive.finish();
}

std::vector<std::string> names_below(const fs::path& folder) {
  std::vector<std::string> names;
  const auto options = fs::directory_options::follow_directory_symlink;
  for (const auto& entry : fs::recursive_directory_iterator(folder, options)) {
    names.push_back(entry.path().lexically_relative(folder).string());
  }
  std::ranges::sort(names);
  return names;
}

Parcel folder_parcel(fs::path folder, std::vector<std::string> names) {
  return {"application/x-tar", [folder = std::move(folder), names = std::move(names)](
                                   const Sink& sink) { pack(folder, names, sink); }};
}

Parcel data_parcel(const fs::path& path) {
  if (fs::is_directory(path)) return folder_parcel(path, names_below(path));
  return {"application/octet-stream",
          [path](const Sink& sink) { read(path, size_of_file(path), sink); }};
}

/// Sends it unless it is there, and returns its digest.
std::string send(const Parcel& parcel, const fs::path& path, const DaemonClient& daemon) {
  base::Digest sum;
  std::int64_t bytes = 0;
  parcel.write([&](std::span<const std::byte> portion) {
    sum.add(portion);
    bytes += std::ssize(portion);
  });
  std::string digest = sum.finish();
  const std::string target = "/v1/blobs/" + digest;
  try {
    daemon.call("GET", target);
    return digest;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
  }
  say("uploading " + path.string() + " (" + terminal::byte_count(bytes) + ")");
  daemon.upload(target, parcel.type, bytes, parcel.write);
  return digest;
}

}  // namespace

Json upload(const job::Job& job, const DaemonClient& daemon) {
  const fs::path& model = job.model_path;
  const std::string what = "the inspection of " + model.string();
  const Answer answer = ask_worker(
      protocol::Inspect{{model, model.parent_path(), model.string()}, job.target(), {}, {}},
      job.threads, what);
  std::vector<std::string> names{model.filename()};
  for (const std::string& file : std::get<protocol::Inspected>(answer.reply).external_files) {
    names.push_back(file);
  }
  Json uploads;
  uploads[model] = send(folder_parcel(model.parent_path(), names), model, daemon) + "/" +
                   model.filename().string();
  for (const fs::path& path : job::data_paths(job)) {
    uploads[path] = send(data_parcel(path), path, daemon);
  }
  return uploads;
}

}  // namespace ampd::client
