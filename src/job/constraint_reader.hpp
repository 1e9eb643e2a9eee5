// Reads constraints of a job file: which operators keep which precision.
//
// Two forms: `conv.*: fp32`, and Intel Neural Compressor's `conv.*: {weight: {dtype: [fp32]},
// activation: {dtype: [fp32]}}`.
#pragma once

#include <string>
#include <vector>

#include "job/document.hpp"
#include "job/job.hpp"
#include "job/report.hpp"

namespace ampd::job {

/// The constraints under `key`, such as "mixed_precision.op_wise". Reports what is wrong.
std::vector<Constraint> read_constraints(Report& report, Constraint::Scope scope,
                                         const std::string& key, const Node& node);

/// The constraints of the `quantization` section: entries that name only fp32 and bf16. All others
/// are about int8 and passed over; so is a pattern that matches no operator.
std::vector<Constraint> read_quantization_constraints(const Node& quantization);

}  // namespace ampd::job
