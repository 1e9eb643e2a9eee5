#include "store/database.hpp"

#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "base/files.hpp"
#include "store/migrations.hpp"
#include "store/schema.hpp"
#include "store/statement.hpp"

namespace ampd::store {
namespace {

std::int64_t newest_version() {
  return static_cast<std::int64_t>(migrations().size());
}

ErrorCode code_of_system_error(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return ErrorCode::exhausted;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::denied;
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    default:
      return ErrorCode::io;
  }
}

ErrorCode code_of(int sqlite_code, int system_error) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return ErrorCode::exhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::busy;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorCode::denied;
    case SQLITE_CANTOPEN:
      return code_of_system_error(system_error);
    case SQLITE_IOERR:
      return system_error == ENOSPC || system_error == EDQUOT ? ErrorCode::exhausted
                                                              : ErrorCode::io;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_SCHEMA:
      return ErrorCode::corrupt;
    default:
      return ErrorCode::io;
  }
}

std::string remedy_for(ErrorCode code) {
  switch (code) {
    case ErrorCode::exhausted:
      return "; make space on its disk";
    case ErrorCode::corrupt:
      return "; `ampctl check` tells what is damaged, a backup can take its place";
    case ErrorCode::denied:
      return "; give the user the right to it";
    default:
      return "";
  }
}

[[noreturn]] void refuse_newer(const std::filesystem::path& path, std::int64_t version) {
  throw Error(ErrorCode::corrupt, "the database " + path.string() + " has version " +
                                      std::to_string(version) +
                                      ", which is newer than this program's version " +
                                      std::to_string(newest_version()) + "; use a newer ampd");
}

/// The version in the file itself, read without SQLite so that nothing is touched.
void refuse_newer_file(const std::filesystem::path& path) {
  std::array<unsigned char, 100> header{};
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(header.data()), header.size());
  if (!file) return;
  const std::int64_t version =
      (header[60] << 24) | (header[61] << 16) | (header[62] << 8) | header[63];
  const bool is_ours =
      header[68] == 'a' && header[69] == 'm' && header[70] == 'p' && header[71] == 'd';
  if (is_ours && version > newest_version()) refuse_newer(path, version);
}

bool has_bytes(const std::filesystem::path& path) {
  std::error_code absent;
  const auto bytes = std::filesystem::file_size(path, absent);
  return !absent && bytes > 0;
}

std::filesystem::path wal_of(const std::filesystem::path& path) {
  return path.string() + "-wal";
}

std::string uri_of(const std::filesystem::path& path) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    switch (c) {
      case '%':
        uri += "%25";
        break;
      case '?':
        uri += "%3f";
        break;
      case '#':
        uri += "%23";
        break;
      default:
        uri += c;
    }
  }
  return uri;
}

}  // namespace

Database::Database(const std::filesystem::path& path, const std::string& name, int flags,
                   const StoreOptions& options)
    : path_(path),
      connection_(name, flags, static_cast<int>(options.busy_timeout.count()), options.vfs) {
  connection_.exec(
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
      "PRAGMA foreign_keys = ON;");
}

Database::Unsynced::Unsynced(SQLite::Database& connection)
    : connection_(connection), synchronous_(connection.execAndGet("PRAGMA synchronous").getInt()) {
  constexpr int normal = 1;
  if (synchronous_ > normal) connection_.exec("PRAGMA synchronous = NORMAL");
}

Database::Unsynced::~Unsynced() {
  connection_.tryExec("PRAGMA synchronous = " + std::to_string(synchronous_));
}

std::int64_t Database::pragma(const std::string& name) const {
  return guard([&] { return connection_.execAndGet("PRAGMA " + name).getInt64(); });
}

void Database::raise(const SQLite::Exception& exception) const {
  const int system_error = sqlite3_system_errno(connection_.getHandle());
  const ErrorCode code = code_of(exception.getErrorCode(), system_error);
  std::string cause = exception.what();
  if (code == ErrorCode::io && system_error != 0) {
    cause += std::string(" (") + std::strerror(system_error) + ")";
  }
  throw Error(code, "the database " + path_.string() + ": " + cause + remedy_for(code));
}

void Database::check_pages() const {
  Statement check(*this, "PRAGMA quick_check(1)");
  if (check.step() && check.text(0) != "ok") {
    throw Error(ErrorCode::corrupt, "the database " + path_.string() + " is damaged: " +
                                        check.text(0) + remedy_for(ErrorCode::corrupt));
  }
}

void Database::migrate() {
  const auto scripts = migrations();
  for (std::int64_t version = pragma("user_version"); version < newest_version(); ++version) {
    write([&] {
      connection_.exec(scripts[static_cast<std::size_t>(version)]);
      connection_.exec("PRAGMA application_id = " + std::to_string(application_id));
      connection_.exec("PRAGMA user_version = " + std::to_string(version + 1));
    });
  }
}

void Database::check_origin() const {
  const std::int64_t id = pragma("application_id");
  const std::int64_t version = pragma("user_version");
  Statement tables(*this, "SELECT count(*) FROM sqlite_schema");
  tables.step();
  const bool is_empty = id == 0 && version == 0 && tables.integer(0) == 0;
  if (!is_empty && id != application_id) {
    throw Error(ErrorCode::corrupt, path_.string() +
                                        " is a database of another program; name another state "
                                        "directory or move the file away");
  }
  if (version > newest_version()) refuse_newer(path_, version);
}

std::shared_ptr<Database> Database::open_to_write(const std::filesystem::path& path,
                                                  const StoreOptions& options) {
  const bool was_stopped_cleanly = !has_bytes(wal_of(path));
  // There is a rollback journal only if the file was cut off while it was being made; a reader
  // cannot restore it.
  const bool is_half_made = has_bytes(path.string() + "-journal");
  if (has_bytes(path)) {
    refuse_newer_file(path);
    if (!is_half_made) open(path, path.string(), SQLite::OPEN_READONLY, options)->check_origin();
  } else if (!std::filesystem::exists(path)) {
    base::write_file(path, "", 0640);
  }
  auto database = open(path, path.string(), SQLite::OPEN_READWRITE, options);
  SQLite::Database& connection = database->connection_;
  if (is_half_made) database->check_origin();
  // Even the removal of a rollback journal has to be on disk.
  const std::string while_made = options.synchronous == "FULL" ? "EXTRA" : options.synchronous;
  database->guard([&] {
    connection.exec("PRAGMA synchronous = " + while_made);
    int on = 1;
    sqlite3_file_control(connection.getHandle(), "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    connection.execAndGet("PRAGMA journal_mode = WAL").getString();
    connection.execAndGet("PRAGMA journal_size_limit = 16777216").getInt64();
    if (options.pages_max > 0) {
      connection.execAndGet("PRAGMA max_page_count = " + std::to_string(options.pages_max))
          .getInt64();
    }
  });
  if (!was_stopped_cleanly) database->check_pages();
  database->migrate();
  check_schema(*database);
  database->guard([&] { connection.exec("PRAGMA synchronous = " + options.synchronous); });
  return database;
}

std::shared_ptr<Database> Database::open(const std::filesystem::path& path, const std::string& name,
                                         int flags, const StoreOptions& options) {
  try {
    return std::shared_ptr<Database>(new Database(path, name, flags, options));
  } catch (const SQLite::Exception& exception) {
    const ErrorCode code = code_of(exception.getErrorCode(), errno);
    throw Error(code, "the database " + path.string() + " cannot be opened: " + exception.what() +
                          remedy_for(code));
  }
}

std::shared_ptr<Database> Database::open_to_read(const std::filesystem::path& path) {
  std::error_code denied;
  if (!std::filesystem::exists(path, denied) && !denied) {
    throw Error(ErrorCode::not_found,
                "there is no database " + path.string() + ": no job was submitted there yet");
  }
  std::shared_ptr<Database> database;
  try {
    database = open(path, path.string(), SQLite::OPEN_READONLY);
    database->pragma("schema_version");
  } catch (const Error& error) {
    const bool may_be_copy = error.code() != ErrorCode::corrupt;
    if (!may_be_copy || has_bytes(wal_of(path)) || !has_bytes(path)) throw;
    database = open(path, uri_of(path) + "?immutable=1", SQLite::OPEN_READONLY | SQLite::OPEN_URI);
  }
  database->check_origin();
  if (database->pragma("user_version") < newest_version()) {
    throw Error(ErrorCode::conflict, "the database " + path.string() +
                                         " has an older version; start ampd once to bring it up "
                                         "to date");
  }
  return database;
}

}  // namespace ampd::store
