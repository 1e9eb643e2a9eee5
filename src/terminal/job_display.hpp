// Shows how a job goes on: a bar where there is a terminal, else a line for each thing that
// happens.
#pragma once

#include <memory>
#include <string>

#include "terminal/job_summary.hpp"

namespace ampd::terminal {

class JobDisplay {
 public:
  /// `descriptor` is the file that is written to, mostly stderr.
  explicit JobDisplay(int descriptor);
  ~JobDisplay();

  /// A line of a job's stream: {"progress": ...} or {"event": ...}.
  void show(const Json& line);

  /// A sentence beside the job's own.
  void note(const std::string& sentence);

  /// Takes the bar away.
  void close();

 private:
  int descriptor_;
};

}  // namespace ampd::terminal
