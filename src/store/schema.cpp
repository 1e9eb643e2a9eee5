#include "store/schema.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cctype>
#include <string>

#include "ampd/error.hpp"
#include "store/migrations.hpp"
#include "store/statement.hpp"

namespace ampd::store {
namespace {

/// Without what versions of SQLite write differently when they alter a table.
std::string plain(std::string sql) {
  std::erase_if(
      sql, [](char c) { return c == '"' || std::isspace(static_cast<unsigned char>(c)) != 0; });
  return sql;
}

SQLite::Database as_migrated() {
  SQLite::Database database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  for (const char* script : migrations()) database.exec(script);
  return database;
}

std::string stored_sql(const Database& database, const std::string& type, const std::string& name) {
  Statement row(database, "SELECT sql FROM sqlite_schema WHERE type = ? AND name = ?", type, name);
  return row.step() ? row.text(0) : std::string();
}

void compare_schema(const Database& database) {
  const SQLite::Database reference = as_migrated();
  SQLite::Statement rows(reference,
                         "SELECT type, name, sql FROM sqlite_schema"
                         " WHERE type != 'trigger' AND sql IS NOT NULL");
  while (rows.executeStep()) {
    const std::string type = rows.getColumn(0).getString();
    const std::string name = rows.getColumn(1).getString();
    if (plain(stored_sql(database, type, name)) == plain(rows.getColumn(2).getString())) continue;
    throw Error(ErrorCode::corrupt,
                "the database " + database.path().string() + " is damaged: its " + type + " " +
                    name + " is missing or is not what ampd made; a backup can take its place");
  }
}

}  // namespace

void check_schema(const Database& database) {
  database.guard([&] { compare_schema(database); });
}

}  // namespace ampd::store
