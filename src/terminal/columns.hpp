// Text measured in a terminal's columns.
//
// UTF-8 is decoded; combining marks take no column, East Asian wide characters and emoji two.
// Control characters and broken bytes, which names out of a file may hold, become "?", so that they
// can neither break a line nor command the terminal.
#pragma once

#include <string>
#include <string_view>

namespace ampd::terminal {

/// The text on one line, safe to print.
std::string printable(std::string_view text);

/// Columns that printable text takes.
int width(std::string_view text);

/// At most `columns` columns of printable text; what is cut is shown by a last "…".
std::string fitted(std::string_view text, int columns);

enum class Align { left, right };

/// Printable text filled up with blanks to `columns`; longer text stays as it is.
std::string padded(std::string_view text, int columns, Align align);

}  // namespace ampd::terminal
