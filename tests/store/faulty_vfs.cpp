#include "store/faulty_vfs.hpp"

std::string FaultyVfs::name() {
  static sqlite3_vfs* const layer = make();
  return layer->zName;
}

int FaultyVfs::told(int code, sqlite3_file* file, Change change) {
  const char* const path = static_cast<File*>(file)->path;
  if (code == SQLITE_OK && changed && path != nullptr) {
    change.path = path;
    changed(change);
  }
  return code;
}

int FaultyVfs::open(sqlite3_vfs* layer, const char* path, sqlite3_file* file, int flags, int* out) {
  auto* system = static_cast<sqlite3_vfs*>(layer->pAppData);
  file->pMethods = nullptr;
  static_cast<File*>(file)->path = path;
  const int code = system->xOpen(system, path, real(file), flags, out);
  if (real(file)->pMethods != nullptr) file->pMethods = &methods();
  return code;
}

int FaultyVfs::remove(sqlite3_vfs* layer, const char* path, int syncs_folder) {
  if (const int code = failing(Operation::remove)) return code;
  auto* system = static_cast<sqlite3_vfs*>(layer->pAppData);
  const int code = system->xDelete(system, path, syncs_folder);
  if (code == SQLITE_OK && changed) {
    changed({Operation::remove, path, 0, {}, syncs_folder != 0});
  }
  return code;
}

const sqlite3_io_methods& FaultyVfs::methods() {
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
    m.xUnlock = [](sqlite3_file* f, int lock) { return real(f)->pMethods->xUnlock(real(f), lock); };
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

sqlite3_vfs* FaultyVfs::make() {
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
