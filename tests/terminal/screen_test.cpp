#include "terminal/screen.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "terminal/columns.hpp"
#include "terminal/progress.hpp"

using namespace ampd::terminal;

namespace {

/// A screen that writes into memory.
class Paper {
 public:
  Screen terminal(int columns) const { return Screen(file_.get(), true, columns); }
  Screen plain() const { return Screen(file_.get(), false, 0); }
  std::string text() const {
    const auto bytes = ampd::base::read_descriptor(file_.get(), "paper", 1 << 20);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  ampd::base::FileDescriptor file_ = ampd::base::memory_file("paper", "");
};

const Progress half_way{"fallback", 11, 20, 0.5, 0.81712, 105};

}  // namespace

TEST_CASE("the time that is left follows from the trials that are done") {
  CHECK(remaining_seconds(half_way) == 95);
  CHECK_FALSE(remaining_seconds({"baseline", 1, 20, 0, std::nullopt, 0}));
  CHECK_FALSE(remaining_seconds({"baseline", 0, 0, 0, std::nullopt, 5}));
  CHECK(remaining_seconds({"incremental", 20, 20, 1, std::nullopt, 100}) == 0);
}

TEST_CASE("a progress bar fits its columns") {
  CHECK(progress_bar(half_way, 79) ==
        "fallback    [###########----------] 11/20  accuracy 0.8171  at most 1m 35s left");
  for (int columns = 0; columns < 120; ++columns) {
    CHECK(width(progress_bar(half_way, columns)) <= columns);
  }
  CHECK(progress_bar({"baseline", 0, 0, 0, std::nullopt, 0}, 40) ==
        "baseline    [----------------------] 0/0");
}

TEST_CASE("a progress sentence leaves out what is not known") {
  CHECK(progress_sentence(half_way) ==
        "fallback: trial 11 of at most 20, accuracy 0.8171, at most 1m 35s left");
  CHECK(progress_sentence({"baseline", 1, 20, 0, std::nullopt, 0}) ==
        "baseline: trial 1 of at most 20");
}

TEST_CASE("on a terminal the progress line is drawn in its place and makes room for text") {
  const Paper paper;
  Screen screen = paper.terminal(40);
  screen.show(half_way);
  screen.show(half_way);
  screen.write("a message\n");
  screen.write("another\n");
  const std::string line = "\r\x1b[K" + progress_bar(half_way, 39);
  CHECK(paper.text() == line + line + "\r\x1b[K" + "a message\nanother\n");
}

TEST_CASE("elsewhere progress is one plain line per trial") {
  const Paper paper;
  Screen screen = paper.plain();
  Progress progress = half_way;
  screen.show(progress);
  progress.trial_share = 0.75;
  screen.show(progress);
  progress.trial = 12;
  screen.show(progress);
  screen.write("end\n");
  const std::string text = paper.text();
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\r') == std::string::npos);
}

TEST_CASE("words have a colour only on a terminal") {
  const Paper paper;
  CHECK(paper.plain().styled("met", Style::good) == "met");
  CHECK(paper.terminal(80).styled("met", Style::good) == "\x1b[32mmet\x1b[0m");
  CHECK(paper.terminal(80).styled("met", Style::plain) == "met");
  CHECK(paper.plain().columns() == 0);
  CHECK(paper.terminal(80).columns() == 80);
  CHECK_FALSE(Screen(ampd::base::memory_file("m", "").get()).is_terminal());
}

TEST_CASE("a screen that cannot be written to is an error") {
  const ampd::base::FileDescriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  REQUIRE(full.is_open());
  Screen screen(full.get());
  CHECK_THROWS_AS(screen.write("text"), ampd::Error);
}
