// A connection to the database: how it is opened, brought up to date, written and how its errors
// are told.
//
// The writing connection is the only one of its kind (see StateLock). WAL with synchronous=FULL: a
// commit is on disk when it returns. The -wal and -shm files stay when it closes, so that users
// with read access only can open the database then too.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Transaction.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "ampd/error.hpp"
#include "store/store_options.hpp"

namespace ampd::store {

/// "ampd" in PRAGMA application_id.
inline constexpr int application_id = 0x616d7064;

class Database {
 public:
  /// Opens for writing; makes or migrates it. Throws Error: corrupt (damaged, of another program,
  /// or newer: untouched), exhausted, io, denied.
  static std::shared_ptr<Database> open_to_write(const std::filesystem::path& path,
                                                 const StoreOptions& options);

  /// Throws Error: not_found, denied, corrupt, conflict (older: its daemon has yet to migrate it).
  static std::shared_ptr<Database> open_to_read(const std::filesystem::path& path);

  SQLite::Database& connection() const { return connection_; }
  const std::filesystem::path& path() const { return path_; }

  /// Runs `work` in one transaction that takes the right to write at its start.
  template <class Work>
  void write(Work&& work) {
    guard([&] {
      SQLite::Transaction transaction(connection_, SQLite::TransactionBehavior::IMMEDIATE);
      work();
      transaction.commit();
    });
  }

  /// The same, but on disk only with the next `write`: a power cut may take it back, and nothing
  /// that came before it; the death of the process does not.
  template <class Work>
  void write_unsynced(Work&& work) {
    guard([&] {
      const Unsynced unsynced(connection_);
      write(std::forward<Work>(work));
    });
  }

  /// Runs `work` and turns SQLite's exceptions into Error.
  template <class Work>
  decltype(auto) guard(Work&& work) const {
    try {
      return std::forward<Work>(work)();
    } catch (const SQLite::Exception& exception) {
      raise(exception);
    }
  }

  std::int64_t pragma(const std::string& name) const;

 private:
  /// Commits do not wait for the disk while it lives.
  class Unsynced {
   public:
    explicit Unsynced(SQLite::Database& connection);
    ~Unsynced();
    Unsynced(const Unsynced&) = delete;
    Unsynced& operator=(const Unsynced&) = delete;

   private:
    SQLite::Database& connection_;
    int synchronous_;  // of PRAGMA synchronous, before
  };

  Database(const std::filesystem::path& path, const std::string& name, int flags,
           const StoreOptions& options);

  static std::shared_ptr<Database> open(const std::filesystem::path& path, const std::string& name,
                                        int flags, const StoreOptions& options = {});
  [[noreturn]] void raise(const SQLite::Exception& exception) const;
  void check_origin() const;
  void migrate();
  void check_pages() const;

  std::filesystem::path path_;
  mutable SQLite::Database connection_;
};

}  // namespace ampd::store
