#include "terminal/columns.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ampd::terminal {
namespace {

struct Character {
  std::uint32_t code = 0;  // 0: broken
  std::size_t bytes = 1;
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  std::uint32_t code = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < least[bytes] || code > 0x10FFFF || is_surrogate) return {};
  return {code, bytes};
}

struct Range {
  std::uint32_t first, last;
};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, std::uint32_t code) {
  return std::ranges::any_of(
      ranges, [code](const Range& range) { return code >= range.first && code <= range.last; });
}

constexpr std::array<Range, 8> marks{{{0x300, 0x36F},
                                      {0x483, 0x489},
                                      {0x591, 0x5BD},
                                      {0x610, 0x61A},
                                      {0x64B, 0x65F},
                                      {0x1AB0, 0x1AFF},
                                      {0x20D0, 0x20FF},
                                      {0xFE00, 0xFE0F}}};

constexpr std::array<Range, 12> wide{{{0x1100, 0x115F},
                                      {0x2E80, 0x303E},
                                      {0x3041, 0xA4CF},
                                      {0xA960, 0xA97F},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},
                                      {0xFFE0, 0xFFE6},
                                      {0x1F300, 0x1F64F},
                                      {0x1F680, 0x1FAFF},
                                      {0x20000, 0x3FFFD}}};

/// Control characters, and invisible ones that change the direction or order of what follows.
constexpr std::array<Range, 6> unsafe{{{0x0, 0x1F},
                                       {0x7F, 0x9F},
                                       {0x200B, 0x200F},
                                       {0x2028, 0x202E},
                                       {0x2066, 0x2069},
                                       {0xFEFF, 0xFEFF}}};

int width_of(std::uint32_t code) {
  if (code < marks.front().first) return 1;
  if (is_in(marks, code)) return 0;
  return is_in(wide, code) ? 2 : 1;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    const bool is_blank = text[0] == '\n' || text[0] == '\t' || text[0] == '\r';
    if (is_blank) {
      result += ' ';
    } else if (is_in(unsafe, character.code)) {
      result += '?';
    } else {
      result += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return result;
}

int width(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    columns += width_of(character.code);
    text.remove_prefix(character.bytes);
  }
  return columns;
}

std::string fitted(std::string_view text, int columns) {
  if (width(text) <= columns) return std::string(text);
  if (columns < 1) return {};
  int used = 1;
  std::size_t end = 0;
  while (end < text.size()) {
    const Character character = first_character(text.substr(end));
    if (used + width_of(character.code) > columns) break;
    used += width_of(character.code);
    end += character.bytes;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string padded(std::string_view text, int columns, Align align) {
  const std::string blanks(static_cast<std::size_t>(std::max(0, columns - width(text))), ' ');
  return align == Align::left ? std::string(text) + blanks : blanks + std::string(text);
}

}  // namespace ampd::terminal
