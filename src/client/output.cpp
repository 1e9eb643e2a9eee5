#include "client/output.hpp"

#include <unistd.h>

#include "terminal/columns.hpp"
#include "terminal/screen.hpp"

namespace ampd::client {

void print_json(const Json& value) {
  print(value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Json json_of(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

void print(const std::string& text) {
  terminal::Screen(STDOUT_FILENO).write(text);
}

void print_table(const terminal::Table& table, const std::string& empty) {
  if (table.is_empty()) return say(empty);
  print(table.text(terminal::Screen(STDOUT_FILENO).columns()));
}

void say(const std::string& sentence) {
  terminal::Screen(STDERR_FILENO).write(terminal::printable(sentence) + "\n");
}

}  // namespace ampd::client
