#include "client/source.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/files.hpp"
#include "base/socket_path.hpp"
#include "store/blobs.hpp"

namespace ampd::client {

Source::Source(const Place& place) {
  if (!place.state_dir || place.socket) {
    try {
      daemon_.emplace(base::socket_paths(place.socket));
      return;
    } catch (const Unreachable& unreachable) {
      directory_ = store::StateDirectory::resolve(place.state_dir);
      if (!std::filesystem::exists(directory_->database())) {
        throw Unreachable(std::string(unreachable.what()) + "; there is no database at " +
                          directory_->database().string() + " either (--state-dir)");
      }
      std::fprintf(stderr, "No daemon answers; reading %s\n", directory_->database().c_str());
    }
  }
  if (!directory_) directory_ = store::StateDirectory::resolve(place.state_dir);
  reader_.emplace(*directory_);
}

Json Source::read(const store::Resource& resource) const {
  if (daemon_) return daemon_->call("GET", to_target(resource));
  return store::read_resource(*reader_, resource);
}

Json Source::read_all(const store::Resource& resource, const char* key) const {
  Json rows = Json::array();
  store::Resource page = resource;
  for (;;) {
    Json more = read(page);
    if (more.empty()) return rows;
    page.query["after"] = std::to_string(more.back().at(key).get<std::int64_t>());
    for (Json& row : more) rows.push_back(std::move(row));
  }
}

void Source::copy_model(const std::string& job, const std::filesystem::path& target) const {
  const base::FileDescriptor file(
      ::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) base::throw_system_error("cannot write", target, errno);
  if (daemon_) return daemon_->download(store::to_target({{"jobs", job, "model"}, {}}), file.get());
  const store::JobRecord record = reader_->record(reader_->find(job));
  const store::Blobs blobs(directory_->blobs());
  std::filesystem::copy_file(blobs.path(record.definition.model_digest), target,
                             std::filesystem::copy_options::overwrite_existing);
}

}  // namespace ampd::client
