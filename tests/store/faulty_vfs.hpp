// A file layer for SQLite that passes everything on, until a test says that an operation fails, and
// that tells a test what changes on the disk.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

class FaultyVfs {
 public:
  enum class Operation { read, write, sync, truncate, remove };

  /// What has been done to a file.
  struct Change {
    Operation operation;
    std::string_view path;
    std::int64_t at = 0;            // of a write; of a truncation: the new size
    std::string_view bytes = {};    // of a write
    bool is_folder_synced = false;  // of a removal
  };

  /// Asked before each operation: SQLITE_OK, or the error to give instead.
  static inline std::function<int(Operation)> fault;

  /// Told of each change after it.
  static inline std::function<void(const Change&)> changed;

  /// Registers the layer once and returns its name, for StoreOptions::vfs.
  static std::string name();

 private:
  struct File : sqlite3_file {
    const char* path;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  static sqlite3_file* real(sqlite3_file* file) { return static_cast<File*>(file)->real(); }

  static int failing(Operation operation) { return fault ? fault(operation) : SQLITE_OK; }

  static int told(int code, sqlite3_file* file, Change change);

  static int open(sqlite3_vfs* layer, const char* path, sqlite3_file* file, int flags, int* out);

  static int remove(sqlite3_vfs* layer, const char* path, int syncs_folder);

  static const sqlite3_io_methods& methods();

  static sqlite3_vfs* make();
};
