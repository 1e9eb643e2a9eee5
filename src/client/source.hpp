// Where a verb that only looks gets its JSON from: the daemon, or the database when none answers.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "client/daemon_client.hpp"
#include "store/reader.hpp"
#include "store/resource.hpp"
#include "store/state_directory.hpp"

namespace ampd::client {

/// Where jobs are, as the command line says it: --state-dir and --socket.
struct Place {
  std::optional<std::filesystem::path> state_dir;
  std::optional<std::filesystem::path> socket;
};

class Source {
 public:
  /// With a state directory and no socket the database is read; else the daemon is asked, and the
  /// database is read when none answers. Throws Unreachable when there is neither; Error(denied).
  explicit Source(const Place& place);

  Json read(const store::Resource& resource) const;

  /// All rows of a list that comes in pages; `key` is the column that the pages go by.
  Json read_all(const store::Resource& resource, const char* key) const;

  /// Writes a copy of the model as it was submitted.
  void copy_model(const std::string& job, const std::filesystem::path& target) const;

 private:
  std::optional<DaemonClient> daemon_;
  std::optional<store::StateDirectory> directory_;
  std::optional<store::Reader> reader_;
};

}  // namespace ampd::client
