// Collects the problems of one job file while it is read.
#pragma once

#include <string>
#include <vector>

#include "job/problem.hpp"

namespace ampd::job {

class Report {
 public:
  explicit Report(const std::string& file);

  /// The message is kept on one line, whatever the file's words hold.
  void error(ProblemCode code, Place place, const std::string& key, const std::string& message,
             const std::string& suggestion = {});
  void warning(ProblemCode code, Place place, const std::string& key, const std::string& message,
               const std::string& suggestion = {});

  const std::string& file() const { return file_; }
  const std::vector<Problem>& errors() const { return errors_; }
  const std::vector<Problem>& warnings() const { return warnings_; }

 private:
  std::string file_;
  std::vector<Problem> errors_;
  std::vector<Problem> warnings_;
};

}  // namespace ampd::job
