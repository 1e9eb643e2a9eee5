#include "runner/text_tail.hpp"

#include "base/json.hpp"
#include "base/limits.hpp"

namespace ampd::runner {
namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";
constexpr std::size_t quoted_bytes_max = 1000;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

void TextTail::add(std::string_view text) {
  constexpr std::size_t bytes_max = base::limits::stderr_tail_bytes;
  text_ += text;
  if (text_.size() <= bytes_max) return;
  text_.erase(0, text_.size() - bytes_max);
  is_cut_ = true;
}

std::string TextTail::last_line() const {
  const std::string_view text = trimmed(text_);
  const std::size_t end_of_previous = text.find_last_of('\n');
  if (end_of_previous != std::string_view::npos) {
    return std::string(trimmed(text.substr(end_of_previous)));
  }
  return is_cut_ ? std::string() : std::string(text);
}

std::string TextTail::quoted() const {
  std::string_view text = trimmed(text_);
  if (text.empty()) return {};
  if (text.size() > quoted_bytes_max) {
    text.remove_prefix(text.size() - quoted_bytes_max);
    const std::size_t line = text.find('\n');
    if (line != std::string_view::npos) text.remove_prefix(line + 1);
  }
  std::string quoted = "; its last output: \"";
  for (const char c : text) {
    const bool is_control = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    quoted += c == '\n' ? " | " : std::string(1, is_control ? ' ' : c);
  }
  return base::valid_utf8(quoted) + "\"";
}

}  // namespace ampd::runner
