// What verbs that execute a model are told about it: its file, its inputs, a config.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <CLI/App.hpp>

#include "ampd/precision.hpp"
#include "ampd/tuning_space.hpp"
#include "client/worker.hpp"
#include "protocol/order.hpp"

namespace ampd::client {

/// Which precision each operator gets: those of a file, or one for all; else fp32.
class ConfigOptions {
 public:
  void add_to(CLI::App& app);

  /// Whether a file says it, so that the tuning space is needed.
  bool has_file() const { return file_.has_value(); }

  /// The lowest precision that is asked for without a file.
  Precision precision() const;

  /// Precisions of operators of this space. Throws Error(invalid) naming the file for an operator
  /// or precision that the space does not have.
  protocol::Precisions precisions(const TuningSpace& space) const;

 private:
  std::optional<std::filesystem::path> file_;
  std::optional<std::string> precision_;
};

/// A model file and inputs for it.
class ModelOptions {
 public:
  void add_to(CLI::App& app);
  void add_inputs_to(CLI::App& app);
  void add_shapes_to(CLI::App& app);

  const std::filesystem::path& path() const { return path_; }
  protocol::ModelReference reference() const;
  protocol::Inputs inputs() const;

 private:
  std::filesystem::path path_;
  std::vector<std::string> files_;   // NAME=FILE
  std::vector<std::string> shapes_;  // NAME=1x3x224x224
};

protocol::ModelReference reference_to(const std::filesystem::path& model);

void add_threads(CLI::App& app, int& threads);

/// The config for Execute and Bench; asks the worker for the tuning space if it must be known.
std::variant<Precision, protocol::Precisions> chosen_config(const ConfigOptions& config,
                                                            const ModelOptions& model,
                                                            Worker& worker);

}  // namespace ampd::client
