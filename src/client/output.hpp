// What verbs print: data on stdout, messages on stderr.
#pragma once

#include <optional>
#include <string>

#include "client/daemon_client.hpp"
#include "terminal/table.hpp"

namespace ampd::client {

/// One JSON value on a line.
void print_json(const Json& value);

/// Null where there is none.
Json json_of(const std::optional<double>& value);

/// Text as it is.
void print(const std::string& text);

/// A table that fits the terminal; elsewhere nothing is cut. `empty` goes to stderr in its place
/// when it has no rows.
void print_table(const terminal::Table& table, const std::string& empty);

/// A sentence on stderr.
void say(const std::string& sentence);

}  // namespace ampd::client
