#include "terminal/table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.hpp"

namespace ampd::terminal {
namespace {

constexpr int gap = 2;
constexpr int cut_min = 8;

std::string without_end_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(const std::vector<std::string>& cells) {
  AMPD_CHECK(cells.size() == columns_.size());
  std::vector<std::string>& row = rows_.emplace_back();
  for (const std::string& cell : cells) row.push_back(printable(cell));
}

std::vector<int> Table::widths(int columns_max) const {
  std::vector<int> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    int widest = width(columns_[c].title);
    for (const auto& row : rows_) widest = std::max(widest, width(row[c]));
    widths.push_back(widest);
  }
  const int gaps = gap * (static_cast<int>(columns_.size()) - 1);
  int excess =
      columns_max > 0 ? std::accumulate(widths.begin(), widths.end(), gaps) - columns_max : 0;
  while (excess > 0) {
    std::size_t longest = widths.size();
    for (std::size_t c = 0; c < widths.size(); ++c) {
      const bool can_shrink = columns_[c].align == Align::left && widths[c] > cut_min;
      if (can_shrink && (longest == widths.size() || widths[c] > widths[longest])) longest = c;
    }
    if (longest == widths.size()) break;
    --widths[longest];
    --excess;
  }
  return widths;
}

std::string Table::text(int columns_max) const {
  const std::vector<int> sizes = widths(columns_max);
  std::string text;
  const auto add_line = [&](const auto& cell_of) {
    std::string line;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (c > 0) line.append(gap, ' ');
      line += padded(fitted(cell_of(c), sizes[c]), sizes[c], columns_[c].align);
    }
    text += without_end_blanks(std::move(line)) + "\n";
  };
  add_line([&](std::size_t c) { return columns_[c].title; });
  for (const auto& row : rows_) add_line([&](std::size_t c) { return row[c]; });
  return text;
}

}  // namespace ampd::terminal
