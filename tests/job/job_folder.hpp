// A folder with a model and data, and a job file over them that can be changed line by line.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "job/job_file.hpp"
#include "temporary_folder.hpp"

class JobFolder {
 public:
  JobFolder() {
    for (const char* name : {"model.onnx", "x.npy", "y.npy", "xy.npz"}) add(name);
    std::filesystem::create_directory(folder_ / "images");
    ampd::base::write_file(folder_ / "score.sh", "#!/bin/sh\n", 0755);
  }

  void add(const std::string& name) { ampd::base::write_file(folder_ / name, "content"); }
  std::string operator/(const std::string& name) const { return (folder_ / name).string(); }

  /// What a job file with this text says.
  ampd::job::Lint lint(const std::string& text) const {
    return ampd::job::lint_text(text, folder_ / "job.yaml");
  }

  /// The job of a text without errors.
  ampd::job::Job job(const std::string& text) const {
    const ampd::job::Lint found = lint(text);
    for (const ampd::job::Problem& problem : found.errors) MESSAGE(to_string(problem));
    REQUIRE(found.job.has_value());
    return *found.job;
  }

 private:
  TemporaryFolder folder_;
};

/// A job file without problems. Line 1 is the model, 4 the metric, 6 the batch size, 7 the dataset,
/// 8 the transforms, 10 the goal, 11 the exit policy.
inline const std::string good_job =
    "model: {name: net, path: model.onnx}\n"
    "evaluation:\n"
    "  accuracy:\n"
    "    metric: {topk: 1}\n"
    "    dataloader:\n"
    "      batch_size: 100\n"
    "      dataset: {npy: {input: x.npy, label: y.npy}}\n"
    "      transform: {Rescale: {}}\n"
    "tuning:\n"
    "  accuracy_criterion: {relative: 0.01}\n"
    "  exit_policy: {timeout: 0, max_trials: 100}\n";

/// good_job with one line, counted from 1, replaced; the text may be several lines or none.
inline std::string with_line(int number, const std::string& text) {
  std::istringstream stream(good_job);
  std::string result, line;
  for (int i = 1; std::getline(stream, line); ++i) {
    if (i != number) {
      result += line + "\n";
    } else if (!text.empty()) {
      result += text + "\n";
    }
  }
  return result;
}
