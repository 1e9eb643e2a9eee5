#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "client/model_options.hpp"
#include "client/output.hpp"
#include "client/shape_text.hpp"
#include "client/worker.hpp"
#include "client/worker_verbs.hpp"

namespace ampd::client {
namespace {

struct Options {
  ModelOptions model;
  ConfigOptions config;
  std::filesystem::path folder;
  int threads = 0;
};

std::string file_name(std::string output) {
  std::ranges::replace(output, '/', '_');
  return output + ".npy";
}

/// Files of all outputs, by output. Throws Error(conflict) when two would have one name.
std::map<std::string, std::string> file_names(const protocol::Executed& executed) {
  std::map<std::string, std::string> names;
  std::map<std::string, std::string> taken;
  for (const protocol::ValueReport& output : executed.outputs) {
    const std::string name = file_name(output.name);
    const auto [place, is_new] = taken.emplace(name, output.name);
    if (!is_new) {
      throw Error(ErrorCode::conflict, "the outputs " + place->second + " and " + output.name +
                                           " would both become the file " + name);
    }
    names.emplace(output.name, name);
  }
  return names;
}

std::string content(const base::FileDescriptor& file, const std::string& name) {
  const std::vector<std::byte> bytes =
      base::read_descriptor(file.get(), name, base::limits::tensor_bytes);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

int exec(const Globals& globals, const Options& options) {
  Worker worker(options.threads);
  protocol::Execute order{options.model.reference(), options.model.inputs(),
                          chosen_config(options.config, options.model, worker)};
  const Answer answer =
      worker.ask(std::move(order), "the execution of " + options.model.path().string());
  const auto& executed = std::get<protocol::Executed>(answer.reply);
  const std::map<std::string, std::string> names = file_names(executed);
  std::filesystem::create_directories(options.folder);
  Json outputs = Json::array();
  terminal::Table table({{"OUTPUT"}, {"DTYPE"}, {"SHAPE"}, {"FILE"}});
  for (std::size_t i = 0; i < executed.outputs.size(); ++i) {
    const protocol::ValueReport& output = executed.outputs[i];
    const std::filesystem::path file = options.folder / names.at(output.name);
    base::write_file(file, content(answer.descriptors[i], output.name));
    outputs.push_back({{"name", output.name},
                       {"dtype", output.dtype},
                       {"shape", output.shape},
                       {"file", file.string()}});
    table.add({output.name, output.dtype, shape_text(output), file.string()});
  }
  if (globals.json) {
    print_json({{"outputs", outputs}});
  } else {
    print_table(table, "The model has no outputs.");
  }
  return 0;
}

}  // namespace

Action declare_exec(CLI::App& app, const Globals& globals) {
  const auto options = std::make_shared<Options>();
  options->model.add_to(app);
  options->model.add_inputs_to(app);
  options->config.add_to(app);
  app.add_option("--output-dir", options->folder, "where each output becomes <name>.npy")
      ->type_name("DIR")
      ->required();
  add_threads(app, options->threads);
  return [options, &globals] { return exec(globals, *options); };
}

}  // namespace ampd::client
