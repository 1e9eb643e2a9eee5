// docs/operators.md is made from the tables of operators: AMPD_WRITE_DOCUMENTS=1 writes it anew.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "engine/operators.hpp"
#include "engine/plain.hpp"
#include "graph/newest_form.hpp"
#include "graph/shapes/shape_rule.hpp"

using namespace ampd;

namespace {

const std::string path = AMPD_PROJECT_ROOT "/docs/operators.md";

const engine::Operator* entry_of(std::string_view op_type) {
  for (const engine::Operator& entry : engine::operator_table()) {
    if (entry.type == op_type) return &entry;
  }
  return nullptr;
}

std::string execution_of(std::string_view op_type) {
  graph::Node node;
  node.op_type = op_type;
  const bool is_plain = engine::has_plain_kernel(node);
  if (entry_of(op_type) != nullptr) return is_plain ? "oneDNN or a view, else plain" : "oneDNN";
  return is_plain ? "plain" : "resolved before execution";
}

std::string precision_of(std::string_view op_type) {
  const engine::Operator* entry = entry_of(op_type);
  if (entry == nullptr || entry->role == engine::Role::fp32_only) return "as in the file";
  return entry->role == engine::Role::tunable ? "**tunable**" : "follows its inputs";
}

std::string document() {
  std::string text =
      "# Operators\n\n"
      "ONNX operators (domain `ai.onnx`) that ampd executes, in every version of opsets 1 to 21: "
      "older forms are read as the newest one.\n"
      "What is not listed is refused by name before anything runs; `ampctl inspect MODEL` says "
      "what "
      "a model would lack.\n"
      "Tensors hold float32, float64, float16, bfloat16, the integers of 8 to 64 bits and bool. "
      "Other "
      "element types (float8, int4, complex, strings) are refused by name.\n\n"
      "- **tunable**: carries the work; its precision is searched among those for which oneDNN has "
      "a kernel on this CPU.\n"
      "- *follows its inputs*: computes in the precision in which its inputs arrive, so that no "
      "cast is paid for it.\n"
      "- *as in the file*: computes in the model's own types.\n"
      "- *plain*: a kernel of ampd's own, for all dense number types that the operator allows.\n\n"
      "ImageDecoder reads JPEG, PNG, uncompressed BMP and PNM; a file that it cannot decode is an "
      "error, where ONNX would have an empty image.\n\n"
      "| operator | since opset | executed by | precision |\n|---|---|---|---|\n";
  for (const auto& [op_type, rule] : graph::shape_rules()) {
    if (rule->since_version > graph::newest_opset) continue;
    text += "| " + std::string(op_type) + " | " + std::to_string(rule->since_version) + " | " +
            execution_of(op_type) + " | " + precision_of(op_type) + " |\n";
  }
  return text;
}

}  // namespace

TEST_CASE("the document of operators says what the tables say") {
  if (std::getenv("AMPD_WRITE_DOCUMENTS") != nullptr) std::ofstream(path) << document();
  std::ifstream file(path);
  const std::string written(std::istreambuf_iterator<char>(file), {});
  CHECK(written == document());
}
