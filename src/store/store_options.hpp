// How the database is opened for writing, where that differs from the usual.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace ampd::store {

struct StoreOptions {
  std::string vfs = {};         // SQLite's name of the file layer; empty: the system's
  std::int64_t pages_max = 0;   // limit of the database's size; 0: the disk's
  bool allows_network = false;  // a state directory on a file system that others have a hand in
  std::string synchronous = "FULL";  // in SQLite's words; less loses trials in a power cut
  std::chrono::milliseconds busy_timeout{5000};  // how long a change waits for another's lock
};

}  // namespace ampd::store
