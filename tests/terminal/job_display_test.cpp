#include "terminal/job_display.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/files.hpp"

using namespace ampd::terminal;
using Json = nlohmann::ordered_json;

namespace {

/// What a display writes, on a terminal of 100 columns or elsewhere.
class Shown {
 public:
  explicit Shown(bool is_terminal)
      : display_(Screen(file_.get(), is_terminal, is_terminal ? 100 : 0)) {}

  JobDisplay& display() { return display_; }
  std::string text() const {
    const auto bytes = ampd::base::read_descriptor(file_.get(), "paper", 1 << 20);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  ampd::base::FileDescriptor file_ = ampd::base::memory_file("paper", "");
  JobDisplay display_;
};

Json progress(const std::string& state) {
  const bool runs = state == "running";
  return {{"progress",
           {{"state", state},
            {"stage", "fallback"},
            {"phase", runs ? Json("evaluating") : Json(nullptr)},
            {"trials_done", 10},
            {"trials_together", 1},
            {"trials_at_most", 20},
            {"batches_done", 5},
            {"batches", 10},
            {"accuracy", 0.81712},
            {"seconds_used", 105},
            {"queue_position", 2}}}};
}

Json event(const std::string& kind, const std::string& level, const std::string& message) {
  return {{"event", {{"kind", kind}, {"level", level}, {"message", message}}}};
}

}  // namespace

TEST_CASE("on a terminal there is a bar, and good trials are told by it alone") {
  Shown shown(true);
  shown.display().show(progress("running"));
  shown.display().show(event("trial", "info", "trial 10: 0.81"));
  CHECK(shown.text().find("11/20  accuracy 0.8171") != std::string::npos);
  CHECK(shown.text().find("trial 10") == std::string::npos);
  shown.display().show(event("trial", "warning", "trial 11 failed"));
  CHECK(shown.text().find("trial 11 failed") != std::string::npos);
}

TEST_CASE("elsewhere every event is a line") {
  Shown shown(false);
  shown.display().show(event("trial", "info", "trial 10: 0.81\x1b[2J"));
  CHECK(shown.text() == "trial 10: 0.81?[2J\n");
}

TEST_CASE("elsewhere a new stage is a line, a new batch is not") {
  Shown shown(false);
  shown.display().show(progress("running"));
  const std::string once = shown.text();
  CHECK(once.starts_with("fallback: trial 11 of at most 20"));
  Json later = progress("running");
  later["progress"]["trials_done"] = 11;
  shown.display().show(later);
  CHECK(shown.text() == once);
}

TEST_CASE("a job in line says so once") {
  Shown shown(false);
  shown.display().show(progress("queued"));
  shown.display().show(progress("queued"));
  CHECK(shown.text() == "queued, number 2 in line\n");
}
