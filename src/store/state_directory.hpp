// The folder that holds everything ampd must not lose: the database, copies of job files and
// models, and the files that commands are given.
//
//   ampd.db, ampd.db-wal, ampd.db-shm   the database; a reader needs all three
//   ampd.lock                           held by the one process that writes, with its pid
//   blobs/<sha256>                      job files and models, by content
//   jobs/<id>/                          what a job's command is given
//   uploads/<uid>/<sha256>              what users other than the daemon's own have handed over
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/files.hpp"

namespace ampd::store {

class StateDirectory {
 public:
  /// Names the folder; touches nothing.
  explicit StateDirectory(std::filesystem::path path);

  /// The first of: `given` (--state-dir), $AMPD_STATE_DIR, the first of $STATE_DIRECTORY,
  /// $XDG_STATE_HOME/ampd, ~/.local/state/ampd. Throws Error(invalid) when none is known.
  static StateDirectory resolve(const std::optional<std::filesystem::path>& given);

  /// Makes the folder and its subfolders where they are missing, with mode 0750.
  void create() const;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path database() const { return path_ / "ampd.db"; }
  std::filesystem::path lock() const { return path_ / "ampd.lock"; }
  std::filesystem::path blobs() const { return path_ / "blobs"; }
  std::filesystem::path jobs() const { return path_ / "jobs"; }
  std::filesystem::path uploads() const { return path_ / "uploads"; }
  std::filesystem::path job(std::int64_t id) const { return jobs() / std::to_string(id); }

 private:
  std::filesystem::path path_;
};

/// The right to write in a state directory. It ends with the object or the process.
class StateLock {
 public:
  /// Throws Error(busy) naming the holder's pid when another process has it.
  explicit StateLock(const StateDirectory& directory);

 private:
  base::FileDescriptor file_;
};

}  // namespace ampd::store
