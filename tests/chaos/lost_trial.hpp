// What the controls do: as if the last commit had not reached the disk though it was acknowledged.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "store/state_directory.hpp"

/// Of a state directory that nobody has open. The baseline stays.
inline void lose_last_trial(const ampd::store::StateDirectory& directory) {
  SQLite::Database(directory.database().string(), SQLite::OPEN_READWRITE)
      .exec(
          "DROP TRIGGER IF EXISTS trial_is_never_changed;"
          "DELETE FROM trial WHERE seq > 0 AND rowid = (SELECT max(rowid) FROM trial)");
}
