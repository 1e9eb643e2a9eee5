#include "terminal/screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/files.hpp"

namespace ampd::terminal {
namespace {

constexpr std::string_view line_start_and_clear = "\r\x1b[K";

std::string_view sequence(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::bold:
      return "\x1b[1m";
    case Style::good:
      return "\x1b[32m";
    case Style::bad:
      return "\x1b[31m";
    case Style::faint:
      return "\x1b[2m";
  }
  return "";
}

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool is_dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return (no_colour == nullptr || *no_colour == '\0') && !is_dumb;
}

int columns_of(int descriptor) {
  constexpr int usual = 80;
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return size.ws_col;
}

}  // namespace

Screen::Screen(int descriptor)
    : descriptor_(descriptor),
      is_terminal_(::isatty(descriptor) == 1),
      has_colour_(is_terminal_ && wants_colour()) {}

Screen::Screen(int descriptor, bool is_terminal, int columns)
    : descriptor_(descriptor),
      is_terminal_(is_terminal),
      has_colour_(is_terminal),
      columns_(columns) {}

int Screen::columns() const {
  if (!is_terminal_) return 0;
  return columns_ > 0 ? columns_ : columns_of(descriptor_);
}

std::string Screen::styled(std::string_view text, Style style) const {
  if (!has_colour_ || style == Style::plain) return std::string(text);
  return std::string(sequence(style)) + std::string(text) + "\x1b[0m";
}

void Screen::write(std::string_view text) {
  clear();
  send(text);
}

void Screen::show(const Progress& progress) {
  const bool is_new = progress.stage != last_stage_ || progress.trial != last_trial_;
  last_stage_ = progress.stage;
  last_trial_ = progress.trial;
  if (is_terminal_) {
    // The last column stays free: a full line would make some terminals go to the next one.
    send(std::string(line_start_and_clear) + progress_bar(progress, columns() - 1));
    has_progress_ = true;
  } else if (is_new) {
    send(progress_sentence(progress) + "\n");
  }
}

void Screen::clear() {
  if (has_progress_) send(line_start_and_clear);
  has_progress_ = false;
}

void Screen::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) base::throw_system_error("cannot write to", "the terminal", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace ampd::terminal
