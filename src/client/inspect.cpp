#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "client/model_options.hpp"
#include "client/output.hpp"
#include "client/shape_text.hpp"
#include "client/worker.hpp"
#include "client/worker_verbs.hpp"
#include "terminal/format.hpp"

namespace ampd::client {
namespace {

std::vector<std::string> words_of(const std::vector<Precision>& precisions) {
  std::vector<std::string> words;
  for (const Precision precision : precisions) words.emplace_back(to_string(precision));
  return words;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

Json to_json(const std::vector<protocol::ValueReport>& values) {
  Json list = Json::array();
  for (const protocol::ValueReport& value : values) {
    list.push_back({{"name", value.name},
                    {"dtype", value.dtype},
                    {"shape", value.shape},
                    {"symbols", value.symbols}});
  }
  return list;
}

Json to_json(const protocol::Inspected& found, const std::string& model) {
  Json ops = Json::array();
  std::int64_t flops = 0;
  std::int64_t bytes = 0;
  for (const protocol::OpReport& op : found.ops) {
    flops += op.flops;
    bytes += op.bytes;
    ops.push_back({{"name", op.name},
                   {"type", op.type},
                   {"tunable", op.precisions.size() > 1},
                   {"precisions", words_of(op.precisions)},
                   {"flops", op.flops},
                   {"bytes", op.bytes},
                   {"absorbed", op.absorbed}});
  }
  return {{"model", model},
          {"opset", found.opset},
          {"fingerprint", found.fingerprint},
          {"inputs", to_json(found.inputs)},
          {"outputs", to_json(found.outputs)},
          {"flops", flops},
          {"bytes", bytes},
          {"tunable_ops", found.space.ops.size()},
          {"ops", ops},
          {"unsupported", found.unsupported},
          {"missing_feature", found.missing_feature.empty() ? Json() : Json(found.missing_feature)},
          {"emulated", found.is_emulated}};
}

void print_values(const char* kind, const std::vector<protocol::ValueReport>& values) {
  for (const protocol::ValueReport& value : values) {
    print(terminal::printable(std::string(kind) + " " + value.name + ": " + value.dtype + " " +
                              shape_text(value)) +
          "\n");
  }
}

void print_ops(const std::vector<protocol::OpReport>& ops) {
  terminal::Table table({{"OPERATOR"},
                         {"TYPE"},
                         {"TUNABLE"},
                         {"MFLOP", terminal::Align::right},
                         {"BYTES", terminal::Align::right},
                         {"WITH"}});
  for (const protocol::OpReport& op : ops) {
    table.add({op.name, op.type,
               op.precisions.size() > 1 ? joined(words_of(op.precisions), " ") : "-",
               terminal::decimal(static_cast<double>(op.flops) / 1e6, 2),
               terminal::byte_count(op.bytes), joined(op.absorbed, " ")});
  }
  if (!table.is_empty()) print("\n");
  print_table(table, "The model has no operators.");
}

bool holds_float16(const std::vector<protocol::ValueReport>& values) {
  return std::ranges::any_of(values, [](const auto& value) { return value.dtype == "float16"; });
}

void print_for_people(const protocol::Inspected& found, const std::string& model) {
  print(terminal::printable(model + ": opset " + std::to_string(found.opset) + ", " +
                            std::to_string(found.space.ops.size()) + " tunable operators") +
        "\n");
  print_values("input", found.inputs);
  print_values("output", found.outputs);
  if (found.unsupported.empty()) print_ops(found.ops);
  for (const std::string& op : found.unsupported) say("Cannot be executed: " + op);
  if (!found.missing_feature.empty()) {
    say("Nothing can be tuned to " + std::string(to_string(found.space.target)) +
        " here: the CPU lacks " + found.missing_feature + ".");
  }
  if (found.is_emulated) {
    say("This CPU computes " + std::string(to_string(found.space.target)) +
        " in fp32: accuracies are right, speeds say nothing.");
  }
  if (holds_float16(found.inputs) || holds_float16(found.outputs)) {
    say("Operators on float16 run as in the file and are not tuned: oneDNN has no kernel that "
        "computes in it on this CPU. A float32 form of the model can be tuned.");
  }
}

int inspect(const Globals& globals, const ModelOptions& options) {
  const std::string model = options.path().string();
  protocol::Inspect order{options.reference(), Precision::bf16, options.inputs(), std::nullopt};
  const Answer answer = ask_worker(std::move(order), 0, "the inspection of " + model);
  const auto& found = std::get<protocol::Inspected>(answer.reply);
  if (globals.json) {
    print_json(to_json(found, model));
  } else {
    print_for_people(found, model);
  }
  return 0;
}

}  // namespace

Action declare_inspect(CLI::App& app, const Globals& globals) {
  const auto options = std::make_shared<ModelOptions>();
  options->add_to(app);
  options->add_shapes_to(app);
  return [options, &globals] { return inspect(globals, *options); };
}

}  // namespace ampd::client
