// One SQL statement with its parameters; errors are ampd::Error.
#pragma once

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/database.hpp"

namespace ampd::store {

/// Bytes to be bound as a blob.
struct Blob {
  std::string_view bytes;
};

class Statement {
 public:
  /// Binds the arguments to the statement's `?`, in order; an empty optional is NULL.
  template <class... Arguments>
  Statement(const Database& database, const char* sql, const Arguments&... arguments)
      : database_(database),
        statement_(database.guard([&] { return SQLite::Statement(database.connection(), sql); })) {
    database_.guard([&] {
      int index = 0;
      (bind(++index, arguments), ...);
    });
  }

  /// Whether there is a (further) row; its columns are then readable.
  bool step() {
    return database_.guard([&] { return statement_.executeStep(); });
  }

  /// Runs a statement that has no rows.
  void run() {
    database_.guard([&] { statement_.exec(); });
  }

  /// Begins anew with other arguments.
  template <class... Arguments>
  void run_again(const Arguments&... arguments) {
    database_.guard([&] {
      statement_.reset();
      statement_.clearBindings();
      int index = 0;
      (bind(++index, arguments), ...);
      statement_.exec();
    });
  }

  bool is_null(int column) const { return statement_.isColumnNull(column); }
  std::int64_t integer(int column) const { return statement_.getColumn(column).getInt64(); }
  double real(int column) const { return statement_.getColumn(column).getDouble(); }
  bool flag(int column) const { return integer(column) != 0; }
  std::string text(int column) const { return statement_.getColumn(column).getString(); }
  /// Valid until the next step.
  std::string_view blob(int column) const {
    const SQLite::Column value = statement_.getColumn(column);
    return {static_cast<const char*>(value.getBlob()), static_cast<std::size_t>(value.getBytes())};
  }
  std::optional<std::int64_t> optional_integer(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
  }
  const Database& database() const { return database_; }
  SQLite::Statement& raw() { return statement_; }

 private:
  void bind(int index, std::int64_t value) { statement_.bind(index, value); }
  void bind(int index, int value) { statement_.bind(index, value); }
  void bind(int index, bool value) { statement_.bind(index, value ? 1 : 0); }
  void bind(int index, double value) { statement_.bind(index, value); }
  void bind(int index, const char* value) { statement_.bind(index, value); }
  void bind(int index, const std::string& value) { statement_.bind(index, value); }
  void bind(int index, std::string_view value) { statement_.bind(index, std::string(value)); }
  void bind(int index, const Blob& value) {
    statement_.bind(index, value.bytes.data(), static_cast<int>(value.bytes.size()));
  }
  template <class Value>
  void bind(int index, const std::optional<Value>& value) {
    if (value) {
      bind(index, *value);
    } else {
      statement_.bind(index);
    }
  }

  const Database& database_;
  mutable SQLite::Statement statement_;
};

}  // namespace ampd::store
