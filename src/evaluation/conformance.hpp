// ONNX conformance cases: a folder with model.onnx and folders test_data_set_*, each with
// input_*.pb and output_*.pb.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "ampd/precision.hpp"
#include "evaluation/comparison.hpp"
#include "evaluation/observer.hpp"

namespace ampd::evaluation {

struct Verdict {
  enum class Status : std::uint8_t { passed, failed, unsupported };
  Status status = Status::failed;
  std::string reason;                   // if not passed
  std::optional<double> max_abs_error;  // over all numbers that could be compared; may be infinite
};

/// Runs every data set of a case with all tunable operators in `precision`. An output passes when
/// its type and shape are the expected ones and its numbers are within the tolerance
/// (evaluation/comparison.hpp). The inputs have the shapes that their files have: some of ONNX's
/// own cases declare others. Throws Error only when the folder is not such a case.
Verdict run_case(const std::filesystem::path& folder, Precision precision, Tolerance tolerance,
                 const Observer& observer = {});

}  // namespace ampd::evaluation
