// Shows how a job goes on: on a terminal by a progress line, elsewhere by a line for each trial and
// each new stage; what else happens is a line in both cases.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "terminal/screen.hpp"

namespace ampd::terminal {

class JobDisplay {
 public:
  explicit JobDisplay(Screen screen) : screen_(std::move(screen)) {}

  /// A line of a job's stream: {"progress": ...} or {"event": ...}.
  void show(const nlohmann::ordered_json& line);

  /// A sentence of the program's own.
  void note(const std::string& sentence);

  /// Takes the progress line away.
  void close() { screen_.clear(); }

 private:
  void show_event(const nlohmann::ordered_json& event);
  void show_progress(const nlohmann::ordered_json& progress);

  Screen screen_;
  std::string last_state_;
  std::string last_stage_;
};

}  // namespace ampd::terminal
