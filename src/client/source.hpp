// Where a verb that only looks gets its JSON from: the daemon, or the database when none answers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/files.hpp"
#include "client/daemon_client.hpp"
#include "store/reader.hpp"
#include "store/resource.hpp"

namespace ampd::client {

/// What the command line says about it: --state-dir and --socket.
struct Place {
  std::optional<std::filesystem::path> state_dir;
  std::optional<std::filesystem::path> socket;
};

class Source {
 public:
  /// With a state directory and no socket the database is read, else the daemon is asked first.
  /// Throws Unreachable when there is neither; Error(denied).
  explicit Source(const Place& place);

  Json read(const store::Resource& resource) const;

  /// All rows of a long list, page by page. `key` is what the pages go by: "id" or "seq".
  Json read_all(store::Resource resource, const char* key) const;

  /// The model as it was submitted: its place, or a copy in `folder` that `keeper` removes.
  class ModelFile;
  ModelFile model(const Json& definition, const std::filesystem::path& folder) const;

  /// Whether the daemon answers.
  bool is_live() const { return daemon_.has_value(); }

 private:
  std::optional<DaemonClient> daemon_;
  std::optional<store::StateDirectory> directory_;
  std::optional<store::Reader> reader_;
};

}  // namespace ampd::client
