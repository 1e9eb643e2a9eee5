#include "client/model_options.hpp"

#include <charconv>
#include <utility>

#include <CLI/CLI.hpp>

#include "ampd/tune_config.hpp"
#include "base/check.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"

namespace ampd::client {
namespace {

/// What stands before and after the first "="; nothing without one, or without a name.
std::optional<std::pair<std::string, std::string>> split(const std::string& text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string::npos || sign == 0) return std::nullopt;
  return std::pair(text.substr(0, sign), text.substr(sign + 1));
}

/// "1x3x224x224"; a scalar is empty. Nothing when it is not such a text.
std::optional<std::vector<std::int64_t>> parse_shape(std::string_view text) {
  std::vector<std::int64_t> shape;
  while (!text.empty()) {
    std::int64_t extent = 0;
    const char* end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, extent);
    if (error != std::errc{} || extent < 0 || (parsed != end && *parsed != 'x')) {
      return std::nullopt;
    }
    shape.push_back(extent);
    text.remove_prefix(static_cast<std::size_t>(parsed - text.data()));
    if (text == "x") return std::nullopt;
    if (!text.empty()) text.remove_prefix(1);
  }
  return shape;
}

std::string complaint_about_file(const std::string& text) {
  const auto parts = split(text);
  return parts && !parts->second.empty() ? "" : text + " is not of the form NAME=FILE.npy";
}

std::string complaint_about_shape(const std::string& text) {
  const auto parts = split(text);
  return parts && parse_shape(parts->second) ? "" : text + " is not of the form NAME=1x3x224x224";
}

}  // namespace

void ConfigOptions::add_to(CLI::App& app) {
  CLI::Option* const file =
      app.add_option("--config", file_, "precisions of operators, as `export` writes them")
          ->type_name("FILE");
  app.add_option("--precision", precision_, "one precision for all operators that offer it")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16", "int8"}))
      ->excludes(file);
}

Precision ConfigOptions::precision() const {
  return precision_ ? parse_precision(*precision_).value() : Precision::fp32;
}

protocol::Precisions ConfigOptions::precisions(const TuningSpace& space) const {
  protocol::Precisions precisions;
  if (has_file()) {
    const std::string text = base::read_text(*file_, base::limits::config_file_bytes);
    const TuneConfig config = config_from_json(space, text, file_->string());
    for (std::size_t i = 0; i < space.ops.size(); ++i) {
      precisions[space.ops[i].name] = config.precisions[i];
    }
    return precisions;
  }
  for (const TunableOp& op : space.ops) {
    if (std::ranges::find(op.precisions, precision()) != op.precisions.end()) {
      precisions[op.name] = precision();
    }
  }
  return precisions;
}

void ModelOptions::add_to(CLI::App& app) {
  app.add_option("MODEL", path_, "ONNX file")->required();
}

void ModelOptions::add_inputs_to(CLI::App& app) {
  app.add_option("--input", files_, "an input's value, a .npy file; may be repeated")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false)
      ->check(CLI::Validator(complaint_about_file, ""));
}

void ModelOptions::add_shapes_to(CLI::App& app) {
  app.add_option("--shape", shapes_, "an input's shape, free extents are 1; may be repeated")
      ->type_name("NAME=1x3x224x224")
      ->allow_extra_args(false)
      ->check(CLI::Validator(complaint_about_shape, ""));
}

protocol::ModelReference ModelOptions::reference() const {
  return reference_to(path_);
}

protocol::Inputs ModelOptions::inputs() const {
  protocol::Inputs inputs;
  for (const std::string& text : files_) {
    auto [name, file] = split(text).value();
    inputs.files[name] = std::filesystem::absolute(file);
  }
  for (const std::string& text : shapes_) {
    auto [name, shape] = split(text).value();
    inputs.shapes[name] = parse_shape(shape).value();
  }
  return inputs;
}

protocol::ModelReference reference_to(const std::filesystem::path& model) {
  const std::filesystem::path path = std::filesystem::absolute(model);
  return {path, path.parent_path(), model.string()};
}

void add_threads(CLI::App& app, int& threads) {
  app.add_option("--threads", threads, "default: the physical cores")
      ->check(CLI::Range(1, static_cast<int>(base::limits::threads)));
}

std::variant<Precision, protocol::Precisions> chosen_config(const ConfigOptions& config,
                                                            const ModelOptions& model,
                                                            Worker& worker) {
  if (!config.has_file()) return config.precision();
  protocol::Inspect order{model.reference(), Precision::bf16, model.inputs(), std::nullopt};
  const Answer answer = worker.ask(std::move(order), "the inspection of " + model.path().string());
  return config.precisions(std::get<protocol::Inspected>(answer.reply).space);
}

}  // namespace ampd::client
