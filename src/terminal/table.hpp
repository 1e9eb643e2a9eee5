// A table for people: a line of titles, then rows, columns aligned.
#pragma once

#include <string>
#include <vector>

#include "terminal/columns.hpp"

namespace ampd::terminal {

struct Column {
  std::string title;
  Align align = Align::left;  // numbers: right
};

class Table {
 public:
  explicit Table(std::vector<Column> columns);

  /// One cell per column; cells are made printable.
  void add(const std::vector<std::string>& cells);

  bool is_empty() const { return rows_.empty(); }

  /// The lines, each ended. With `columns_max` > 0 the longest left-aligned columns are cut until
  /// the table fits, as far as that is possible; 0: nothing is cut.
  std::string text(int columns_max) const;

 private:
  std::vector<int> widths(int columns_max) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace ampd::terminal
