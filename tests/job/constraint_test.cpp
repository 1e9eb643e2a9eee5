#include <doctest/doctest.h>

#include "ampd/error.hpp"
#include "job_folder.hpp"

using namespace ampd::job;
using ampd::Precision;
using enum Constraint::Scope;

namespace {

const std::vector both{Precision::fp32, Precision::bf16};

ampd::TuningSpace space() {
  ampd::TuningSpace space;
  for (const auto& [name, type] :
       {std::pair{"conv1", "Conv"}, {"conv2", "Conv"}, {"head", "Gemm"}}) {
    space.ops.push_back({name, type, both, std::nullopt, 0});
  }
  return space;
}

/// What the constraints pin each operator to: "32", "16" or "--".
std::string pinned(const std::vector<Constraint>& constraints) {
  Job job;
  job.constraints = constraints;
  ampd::TuningSpace result = space();
  apply_constraints(job, result);
  std::string text;
  for (const ampd::TunableOp& op : result.ops) {
    text += !op.pinned ? "-- " : op.pinned == Precision::fp32 ? "32 " : "16 ";
  }
  return text;
}

void check_refused(const std::vector<Constraint>& constraints, ampd::ErrorCode code,
                   const std::string& word) {
  try {
    pinned(constraints);
    FAIL_CHECK("the constraints were applied");
  } catch (const ampd::Error& error) {
    CHECK(error.code() == code);
    CHECK(std::string(error.what()).find(word) != std::string::npos);
  }
}

std::vector<Constraint> constraints_of(const std::string& text) {
  return JobFolder().job(good_job + text).constraints;
}

}  // namespace

TEST_CASE("a constraint pins what its pattern matches as a whole") {
  CHECK(pinned({}) == "-- -- -- ");
  CHECK(pinned({{op, "conv1", {Precision::fp32}}}) == "32 -- -- ");
  CHECK(pinned({{op, "conv.", {Precision::bf16}}}) == "16 16 -- ");
  CHECK(pinned({{op_type, "Conv", {Precision::fp32}}}) == "32 32 -- ");
  CHECK(pinned({{op_type, "Conv|Gemm", {Precision::fp32}}}) == "32 32 32 ");
  CHECK(pinned({{op, "conv.*", both}}) == "-- -- -- ");
}

TEST_CASE("a name counts before a type, a later constraint before an earlier one") {
  CHECK(pinned({{op, "conv1", {Precision::bf16}}, {op_type, "Conv", {Precision::fp32}}}) ==
        "16 32 -- ");
  CHECK(pinned({{op, "conv.*", {Precision::bf16}}, {op, "conv2", {Precision::fp32}}}) ==
        "16 32 -- ");
  CHECK(pinned({{op_type, "Conv", {Precision::fp32}}, {op, "conv2", both}}) == "32 -- -- ");
}

TEST_CASE("a constraint that cannot be applied is an error that names it") {
  check_refused({{op, "conv", {Precision::fp32}}}, ampd::ErrorCode::invalid, "\"conv\"");
  check_refused({{op, "conv(", {Precision::fp32}}}, ampd::ErrorCode::invalid, "\"conv(\"");
  check_refused({{op, "head", {Precision::int8}}}, ampd::ErrorCode::unsupported, "\"head\"");
  CHECK(pinned({{op, "conv", {Precision::fp32}, false}}) == "-- -- -- ");
}

TEST_CASE("an operator that is not offered the target keeps what is left") {
  Job job;
  job.constraints = {{op, "conv1", both}};
  ampd::TuningSpace narrow = space();
  narrow.ops[0].precisions = {Precision::fp32};
  apply_constraints(job, narrow);
  CHECK(narrow.ops[0].pinned == Precision::fp32);
}

TEST_CASE("a pattern cannot take long") {
  CHECK(is_pattern("conv.*"));
  CHECK_FALSE(is_pattern("(a)\\1"));
  CHECK_FALSE(is_pattern("["));
  CHECK_FALSE(is_pattern(std::string(1000, 'a')));
  ampd::TuningSpace long_name = space();
  long_name.ops[0].name = std::string(500, 'a');
  Job job;
  job.constraints = {{op, "(a*)*b", {Precision::fp32}, false}};
  apply_constraints(job, long_name);
  CHECK_FALSE(long_name.ops[0].pinned);
}

TEST_CASE("both forms of constraints are read") {
  CHECK(constraints_of(
            "mixed_precision:\n"
            "  optype_wise: {Gemm: bf16}\n"
            "  op_wise:\n"
            "    conv1: fp32\n"
            "    conv2: [bf16, fp32]\n"
            "    'head.*': {weight: {dtype: [fp32]}, activation: {dtype: 'fp32, bf16'}}\n") ==
        std::vector<Constraint>{{op_type, "Gemm", {Precision::bf16}},
                                {op, "conv1", {Precision::fp32}},
                                {op, "conv2", both},
                                {op, "head.*", {Precision::fp32}}});
  CHECK(constraints_of("graph_optimization: {op_wise: {a: {activation: {dtype: [bf16]}}}}\n"
                       "mixed_precision: {op_wise: {a: fp32}}\n") ==
        std::vector<Constraint>{{op, "a", {Precision::bf16}}, {op, "a", {Precision::fp32}}});
}

TEST_CASE("the quantization section gives only what concerns fp32 and bf16") {
  CHECK(constraints_of(
            "quantization:\n"
            "  optype_wise: {Gemm: {weight: {dtype: [bf16]}}}\n"
            "  op_wise: {\n"
            "    'a.*?': {'activation': {'dtype': ['fp32']}, 'weight': {'dtype': ['fp32']}},\n"
            "    'b': {'activation': {'dtype': ['uint8', 'fp32'], 'scheme':['sym']}},\n"
            "    '(?i)c': {'activation': {'dtype': ['fp32']}},\n"
            "    'd': {'activation': {'algorithm': ['kl']}},\n"
            "  }\n") == std::vector<Constraint>{{op_type, "Gemm", {Precision::bf16}, false},
                                                {op, "a.*?", {Precision::fp32}, false}});
}
