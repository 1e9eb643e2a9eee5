// A file layer for SQLite that passes everything on, until a test says that an operation fails.
#pragma once

#include <sqlite3.h>

#include <functional>
#include <string>

class FaultyVfs {
 public:
  enum class Operation { read, write, sync, truncate };

  /// Asked before each operation: SQLITE_OK, or the error to give instead.
  static inline std::function<int(Operation)> fault;

  /// Registers the layer once and returns its name, for StoreOptions::vfs.
  static std::string name() {
    static sqlite3_vfs* const layer = make();
    return layer->zName;
  }

 private:
  struct File : sqlite3_file {
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  static sqlite3_file* real(sqlite3_file* file) { return static_cast<File*>(file)->real(); }

  static int failing(Operation operation) { return fault ? fault(operation) : SQLITE_OK; }

  static int open(sqlite3_vfs* layer, const char* path, sqlite3_file* file, int flags, int* out) {
    auto* system = static_cast<sqlite3_vfs*>(layer->pAppData);
    file->pMethods = nullptr;
    const int code = system->xOpen(system, path, real(file), flags, out);
    if (real(file)->pMethods != nullptr) file->pMethods = &methods();
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
        return real(f)->pMethods->xWrite(real(f), from, bytes, at);
      };
      m.xTruncate = [](sqlite3_file* f, sqlite3_int64 bytes) {
        if (const int code = failing(Operation::truncate)) return code;
        return real(f)->pMethods->xTruncate(real(f), bytes);
      };
      m.xSync = [](sqlite3_file* f, int flags) {
        if (const int code = failing(Operation::sync)) return code;
        return real(f)->pMethods->xSync(real(f), flags);
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
    sqlite3_vfs_register(&layer, 0);
    return &layer;
  }
};
