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
  static std::string name() {
    static sqlite3_vfs* const layer = make();
    return layer->zName;
  }

 private:
  struct File : sqlite3_file {
    const char* path;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  static sqlite3_file* real(sqlite3_file* file) { return static_cast<File*>(file)->real(); }

  static int failing(Operation operation) { return fault ? fault(operation) : SQLITE_OK; }

  static int told(int code, sqlite3_file* file, Change change) {
    const char* const path = static_cast<File*>(file)->path;
    if (code == SQLITE_OK && changed && path != nullptr) {
      change.path = path;
      changed(change);
    }
    return code;
  }

  static int open(sqlite3_vfs* layer, const char* path, sqlite3_file* file, int flags, int* out) {
    auto* system = static_cast<sqlite3_vfs*>(layer->pAppData);
    file->pMethods = nullptr;
    static_cast<File*>(file)->path = path;
    const int code = system->xOpen(system, path, real(file), flags, out);
    if (real(file)->pMethods != nullptr) file->pMethods = &methods();
    return code;
  }

  static int remove(sqlite3_vfs* layer, const char* path, int syncs_folder) {
    if (const int code = failing(Operation::remove)) return code;
    auto* system = static_cast<sqlite3_vfs*>(layer->pAppData);
    const int code = system->xDelete(system, path, syncs_folder);
    if (code == SQLITE_OK && changed) {
      changed({Operation::remove, path, 0, {}, syncs_folder != 0});
    }
    return code;
  }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods all = [] {
      sqlite3_io_methods m{};
      m.iVersion = 2;
      m.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
      m.xRead = [](sqlite3_file* f, void* to, int bytes, sqlite3_int64 at) {
        if (const int code = failing(Operation::read)) return code;
        return real(f)->pMethods->xRead(real(f), to, bytes, at);
      };
      m.xWrite = [](sqlite3_file* f, const void* from, int bytes, sqlite3_int64 at) {
        if (const int code = failing(Operation::write)) return code;
        const std::string_view written(static_cast<const char*>(from),
                                       static_cast<std::size_t>(bytes));
        return told(real(f)->pMethods->xWrite(real(f), from, bytes, at), f,
                    {Operation::write, {}, at, written});
      };
      m.xTruncate = [](sqlite3_file* f, sqlite3_int64 bytes) {
        if (const int code = failing(Operation::truncate)) return code;
        return told(real(f)->pMethods->xTruncate(real(f), bytes), f,
                    {Operation::truncate, {}, bytes});
      };
      m.xSync = [](sqlite3_file* f, int flags) {
        if (const int code = failing(Operation::sync)) return code;
        return told(real(f)->pMethods->xSync(real(f), flags), f, {Operation::sync, {}});
      };
      m.xFileSize = [](sqlite3_file* f, sqlite3_int64* bytes) {
        return real(f)->pMethods->xFileSize(real(f), bytes);
      };
      m.xLock = [](sqlite3_file* f, int lock) { return real(f)->pMethods->xLock(real(f), lock); };
      m.xUnlock = [](sqlite3_file* f, int lock) {
        return real(f)->pMethods->xUnlock(real(f), lock);
      };
      m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
        return real(f)->pMethods->xCheckReservedLock(real(f), out);
      };
      m.xFileControl = [](sqlite3_file* f, int op, void* value) {
        return real(f)->pMethods->xFileControl(real(f), op, value);
      };
      m.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
      m.xDeviceCharacteristics = [](sqlite3_file* f) {
        return real(f)->pMethods->xDeviceCharacteristics(real(f));
      };
      m.xShmMap = [](sqlite3_file* f, int region, int bytes, int extend, void volatile** out) {
        return real(f)->pMethods->xShmMap(real(f), region, bytes, extend, out);
      };
      m.xShmLock = [](sqlite3_file* f, int offset, int count, int flags) {
        return real(f)->pMethods->xShmLock(real(f), offset, count, flags);
      };
      m.xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); };
      m.xShmUnmap = [](sqlite3_file* f, int remove) {
        return real(f)->pMethods->xShmUnmap(real(f), remove);
      };
      return m;
    }();
    return all;
  }

  static sqlite3_vfs* make() {
    sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
    static sqlite3_vfs layer = *system;
    layer.zName = "faulty";
    layer.pAppData = system;
    layer.szOsFile = static_cast<int>(sizeof(File)) + system->szOsFile;
    layer.xOpen = open;
    layer.xDelete = remove;
    sqlite3_vfs_register(&layer, 0);
    return &layer;
  }
};
