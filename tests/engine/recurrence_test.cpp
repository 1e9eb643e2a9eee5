// LSTM, GRU and RNN: which forms run in oneDNN's kernels, and that all agree with the plain ones.
#include <cstdlib>
#include <filesystem>
#include <set>

#include "conformance_case.hpp"
#include "engine/lowering.hpp"
#include "recurrence_builder.hpp"
#include "temporary_folder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

const std::vector<Recurrence> cells{
    {"LSTM", {}},
    {"GRU", {}},
    {"GRU", {{"linear_before_reset", std::int64_t{1}}}},
    {"RNN", {}},
    {"RNN", {{"activations", std::vector<std::string>{"Relu"}}}},
};

/// Every cell in a form.
std::vector<Recurrence> all_cells(const Recurrence& form) {
  std::vector<Recurrence> result;
  for (const Recurrence& cell : cells) {
    Recurrence each = form;
    each.op_type = cell.op_type;
    each.attributes = cell.attributes;
    const bool has_activations =
        !cell.attributes.empty() && cell.attributes.front().first == "activations";
    if (has_activations && each.directions() == 2) {
      each.attributes = {{"activations", std::vector<std::string>{"Relu", "Relu"}}};
    }
    result.push_back(each);
  }
  return result;
}

const std::vector<Recurrence> forms{
    {.steps = 7, .batch = 3, .width = 5, .hidden = 8},
    {.direction = "reverse", .steps = 7, .batch = 3, .width = 5, .hidden = 8},
    {.direction = "bidirectional", .steps = 7, .batch = 3, .width = 5, .hidden = 8},
    {.has_bias = false, .steps = 4, .batch = 2, .width = 6, .hidden = 4},
    {.has_states = true, .steps = 4, .batch = 2, .width = 6, .hidden = 4},
    {.direction = "bidirectional",
     .has_states = true,
     .steps = 5,
     .batch = 4,
     .width = 16,
     .hidden = 16},
    {.is_batch_first = true, .has_states = true, .steps = 6, .batch = 3, .width = 5, .hidden = 7},
    {.direction = "bidirectional",
     .is_batch_first = true,
     .has_states = true,
     .steps = 6,
     .batch = 3,
     .width = 5,
     .hidden = 7},
    {.direction = "reverse",
     .is_batch_first = true,
     .steps = 6,
     .batch = 1,
     .width = 3,
     .hidden = 17},
    {.lengths = {6, 6}, .steps = 6, .batch = 2, .width = 4, .hidden = 4},
    {.outputs = {0}, .steps = 3, .batch = 2, .width = 4, .hidden = 32},
    {.outputs = {1}, .steps = 3, .batch = 2, .width = 4, .hidden = 32},
    {.direction = "bidirectional",
     .outputs = {1},
     .steps = 3,
     .batch = 2,
     .width = 4,
     .hidden = 32},
    {.steps = 1, .batch = 1, .width = 1, .hidden = 1},
    {.steps = 1, .batch = 1, .width = 33, .hidden = 65},
    {.direction = "bidirectional", .steps = 20, .batch = 16, .width = 64, .hidden = 64},
    {.steps = 12, .batch = 33, .width = 40, .hidden = 100},
};

/// A state is rounded at each step. Sigmoid and tanh damp what came before, so that 2^-7 holds
/// as for one product; Relu does not: independent errors of the steps add up.
double bf16_bound(const Recurrence& recurrence) {
  const bool damps =
      recurrence.attributes.empty() || recurrence.attributes.front().first != "activations";
  return damps ? 1.0 / 128 : std::sqrt(static_cast<double>(recurrence.steps)) / 128;
}

/// Where the matrices lie that the steps of a program read.
std::set<const std::byte*> weights_read(const Graph& graph, const Assignment& assignment,
                                        WeightCache& cache) {
  constexpr std::int64_t larger_than_a_bias = 100;
  Lowering lowering(graph, cache);
  lowering.add(assignment);
  const auto values = lowering.take_values();
  std::set<const std::byte*> result;
  for (const Step& step : lowering.take_steps()) {
    for (const ValueIndex input : step.inputs) {
      const StoredValue& value = values[static_cast<std::size_t>(input)];
      if (value.constant && value.layout.size() > larger_than_a_bias) {
        result.insert(value.constant.get());
      }
    }
  }
  return result;
}

}  // namespace

TEST_CASE("a recurrent operator of any form agrees with the plain kernel") {
  for (const Recurrence& form : forms) {
    for (const Recurrence& each : all_cells(form)) {
      CAPTURE(each.text());
      const Graph graph = each.graph();
      const Tensors inputs = random_inputs(graph);
      const std::vector<Tensor> expected = reference(graph, inputs);
      const std::vector<Tensor> found = run(graph, inputs);
      for (std::size_t k = 0; k < found.size(); ++k) {
        CAPTURE(k);
        CHECK(worst_ratio(found[k], expected[k], 1e-5, 2e-6) <= 1);
      }
    }
  }
}

TEST_CASE("recurrent operators run in several lanes at once") {
  for (const Recurrence& each : all_cells(forms.back())) {
    CAPTURE(each.text());
    check_lanes(each.graph());
  }
}

TEST_CASE("a recurrent operator of any form stays within the rounding of bf16") {
  if (!missing_feature(Precision::bf16).empty()) return;
  for (const Recurrence& form : forms) {
    for (const Recurrence& each : all_cells(form)) {
      CAPTURE(each.text());
      check_bf16(each.graph(), bf16_bound(each));
    }
  }
}

TEST_CASE("recurrent operators run in oneDNN's kernels, in bf16 those of bf16") {
  const bool has_bf16 = missing_feature(Precision::bf16).empty();
  for (const Recurrence& form : forms) {
    for (const Recurrence& each : all_cells(form)) {
      CAPTURE(each.text());
      const Graph graph = each.graph();
      for (const Precision precision : offered_precisions(graph, graph.nodes[0])) {
        for (const StepReport& step : steps_of(graph, all_in(graph, precision))) {
          CAPTURE(step.implementation);
          CHECK_FALSE(is_reference(step));
          CHECK(step.implementation != "plain");
          if (step.type == "reorder") continue;
          CHECK(step.source_dtype == tensor::storage_of(precision));
          CHECK(step.weights_dtype == tensor::storage_of(precision));
          if (!has_bf16 || is_emulated(Precision::bf16)) continue;
          const std::string bf16 = precision == Precision::bf16 ? "_bf16" : "";
          const std::string expected =
              each.op_type == "GRU" ? "brg:avx512_core" + bf16 : std::string("brgemm");
          CHECK(step.implementation.starts_with(expected));
        }
      }
      CHECK(offered_precisions(graph, graph.nodes[0]).size() == (has_bf16 ? 2 : 1));
    }
  }
}

TEST_CASE("forms that oneDNN has no cells for run in plain kernels and are not tuned") {
  const std::vector<Recurrence> others{
      {.has_peepholes = true},
      {.lengths = {5, 3}},
      {.attributes = {{"clip", 0.5F}}},
      {.attributes = {{"input_forget", std::int64_t{1}}}},
      {.attributes = {{"activations", std::vector<std::string>{"HardSigmoid", "Tanh", "Tanh"}},
                      {"activation_alpha", std::vector<float>{0.25F}},
                      {"activation_beta", std::vector<float>{0.4F}}}},
      {.op_type = "GRU", .attributes = {{"clip", 0.5F}}},
      {.op_type = "GRU", .lengths = {1, 5}},
      {.op_type = "GRU", .attributes = {{"activations", std::vector<std::string>{"Tanh", "Tanh"}}}},
      {.op_type = "RNN",
       .attributes = {{"activations", std::vector<std::string>{"Tanh", "Relu"}}},
       .direction = "bidirectional"},
      {.op_type = "RNN", .attributes = {{"activations", std::vector<std::string>{"Softsign"}}}},
  };
  for (const Recurrence& each : others) {
    CAPTURE(each.text());
    const Graph graph = each.graph();
    check_fp32(graph);
    CHECK(offered_precisions(graph, graph.nodes[0]).empty());
    for (const StepReport& step : steps_of(graph)) CHECK(step.implementation == "plain");
  }
}

TEST_CASE("weights, bias or lengths that are computed at run time are left to plain kernels") {
  for (const std::string op_type : {"LSTM", "GRU", "RNN"}) {
    for (const std::size_t slot : {1U, 2U, 3U}) {
      CAPTURE(op_type);
      CAPTURE(slot);
      Graph graph = Recurrence{.op_type = op_type}.graph();
      graph::Value& value = graph.value(graph.nodes[0].inputs[slot]);
      value.constant.reset();
      graph.inputs.push_back(graph.nodes[0].inputs[slot]);
      check_fp32(graph);
      CHECK(offered_precisions(graph, graph.nodes[0]).empty());
    }
  }
}

TEST_CASE("weights of a recurrent operator are laid out once per dtype, for all lengths") {
  if (!missing_feature(Precision::bf16).empty()) return;
  for (const Recurrence& each : all_cells({.steps = 3, .hidden = 16})) {
    CAPTURE(each.text());
    Recurrence longer = each;
    longer.steps = 9;
    const Assignment low = all_in(each.graph(), Precision::bf16);
    WeightCache cache;
    const auto first = weights_read(each.graph(), low, cache);
    CHECK(first.size() >= 2);
    CHECK(weights_read(longer.graph(), low, cache) == first);
    CHECK(weights_read(each.graph(), {}, cache) != first);
  }
}

TEST_CASE("a floating-point operation of a recurrent operator is a multiplication or an addition") {
  const Recurrence lstm{
      .direction = "bidirectional", .steps = 5, .batch = 2, .width = 8, .hidden = 4};
  const Graph graph = lstm.graph();
  CHECK(cost(graph, graph.nodes[0]).flops == 2 * 5 * 2 * 2 * 4 * 4 * (8 + 4));
  for (const Recurrence& each : all_cells(lstm)) {
    CAPTURE(each.text());
    const Graph any = each.graph();
    std::int64_t flops = 0;
    for (const StepReport& step : steps_of(any)) {
      CHECK(step.flops >= 0);
      flops += step.flops;
    }
    CHECK(flops == cost(any, any.nodes[0]).flops);
  }
}

TEST_CASE("recurrent networks agree with PyTorch, which exported them") {
  if (std::system("/usr/bin/python3 -c 'import onnx, torch' >/dev/null 2>&1") != 0) {
    MESSAGE("skipped: python3-onnx and python3-torch are not installed");
    return;
  }
  const TemporaryFolder folder;
  const std::string script = AMPD_PROJECT_ROOT "/tests/engine/export_recurrent_models.py";
  const std::string command =
      "/usr/bin/python3 '" + script + "' '" + folder.path().string() + "' >/dev/null 2>&1";
  REQUIRE(std::system(command.c_str()) == 0);
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    CAPTURE(entry.path().string());
    const ConformanceCase c = read_case(entry.path());
    const std::vector<Tensor> exact = run(c.graph, c.inputs);
    const std::vector<Tensor> low = run(c.graph, c.inputs, all_in(c.graph, Precision::bf16));
    for (std::size_t k = 0; k < exact.size(); ++k) {
      CHECK(worst_ratio(exact[k], c.outputs[k], 1e-4, 1e-5) <= 1);
      CHECK(relative_error(low[k], c.outputs[k]) <= 1.0 / 64);  // of two layers and a head
    }
    ++count;
  }
  CHECK(count == 6);
}
