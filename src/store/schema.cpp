#include "store/schema.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cctype>
#include <string>
#include <vector>

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

struct Object {
  std::string type, name, sql;
};

/// What the migrations make, but for triggers.
std::vector<Object> objects_as_migrated() {
  SQLite::Database database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  for (const char* script : migrations()) database.exec(script);
  SQLite::Statement rows(database,
                         "SELECT type, name, sql FROM sqlite_schema"
                         " WHERE type != 'trigger' AND sql IS NOT NULL");
  std::vector<Object> objects;
  while (rows.executeStep()) {
    objects.push_back({rows.getColumn(0).getString(), rows.getColumn(1).getString(),
                       plain(rows.getColumn(2).getString())});
  }
  return objects;
}

std::string stored_sql(const Database& database, const Object& object) {
  Statement row(database, "SELECT sql FROM sqlite_schema WHERE type = ? AND name = ?", object.type,
                object.name);
  return row.step() ? row.text(0) : std::string();
}

void compare_schema(const Database& database) {
  static const std::vector<Object> expected = objects_as_migrated();
  for (const Object& object : expected) {
    if (plain(stored_sql(database, object)) == object.sql) continue;
    throw Error(ErrorCode::corrupt, "the database " + database.path().string() +
                                        " is damaged: its " + object.type + " " + object.name +
                                        " is missing or is not what ampd made; a backup can take "
                                        "its place");
  }
}

}  // namespace

void check_schema(const Database& database) {
  database.guard([&] { compare_schema(database); });
}

}  // namespace ampd::store
