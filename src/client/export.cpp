#include "client/export.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "ampd/tune_config.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "client/output.hpp"
#include "client/report.hpp"
#include "client/temporary_folder.hpp"
#include "client/worker.hpp"
#include "job/job.hpp"

namespace ampd::client {
namespace {

struct Options {
  std::string job;
  std::filesystem::path folder;
  std::string profile = "bf16";
};

ReportSource fetch(const Source& source, const Options& options) {
  ReportSource fetched;
  fetched.profile = options.profile;
  source.read({{"jobs", options.job, "best"}, {}});  // says why when there is none
  fetched.result = source.read({{"jobs", options.job, "result"}, {}});
  const std::string id = fetched.result.at("job").at("id").dump();
  fetched.definition = source.read({{"jobs", id, "definition"}, {}});
  fetched.trials = source.read_all({{"jobs", id, "trials"}, {}}, "seq");
  fetched.ranking = source.read({{"jobs", id, "ranking"}, {}});
  return fetched;
}

protocol::Precisions precisions_of(const Json& config) {
  protocol::Precisions precisions;
  for (const auto& [op, word] : config.at("ops").items()) {
    const std::optional<Precision> precision = parse_precision(word.get<std::string>());
    if (!precision) throw Error(ErrorCode::corrupt, "the config of " + op + " is no precision");
    precisions[op] = *precision;
  }
  return precisions;
}

int export_job(const Globals& globals, const Options& options) {
  const Source source(globals.place);
  ReportSource fetched = fetch(source, options);
  const Json& config = fetched.result.at("best").at("config");
  const job::Job job =
      job::from_json(nlohmann::json::parse(fetched.definition.at("resolved").dump()));

  std::filesystem::create_directories(options.folder);
  const TemporaryFolder workplace(options.folder);
  source.copy_model(fetched.result.at("job").at("id").dump(), workplace / "model.onnx");
  protocol::Export order{
      {workplace / "model.onnx", job.model_path.parent_path(), job.model_path.string()},
      job,
      precisions_of(config),
      options.profile};
  const Answer answer = ask_worker(std::move(order), job.threads, "the export of " + job.name);
  fetched.samples_compared = std::get<protocol::Exported>(answer.reply).samples_compared;

  const std::vector<std::byte> model = base::read_descriptor(
      answer.descriptors.at(0).get(), "the exported model", base::limits::model_bytes);
  base::write_file(options.folder / "config.json", config.dump(2) + "\n");
  base::write_file(options.folder / "report.md", report(fetched));
  base::write_file(options.folder / "model.onnx",
                   {reinterpret_cast<const char*>(model.data()), model.size()});
  if (globals.json) {
    print_json({{"folder", std::filesystem::absolute(options.folder).string()},
                {"profile", options.profile},
                {"samples_compared", fetched.samples_compared},
                {"files", {"model.onnx", "config.json", "report.md"}}});
  }
  say("model.onnx, config.json and report.md are in " + options.folder.string());
  return 0;
}

}  // namespace

Action declare_export(CLI::App& app, const Globals& globals) {
  const auto options = std::make_shared<Options>();
  app.add_option("JOB", options->job, "id or name")->required();
  app.add_option("-o,--output", options->folder, "is made if it is missing")
      ->required()
      ->type_name("DIR");
  app.add_option("--profile", options->profile,
                 "bf16: the best config; fp32: for runtimes without bf16")
      ->check(CLI::IsMember({"bf16", "fp32"}))
      ->capture_default_str();
  return [options, &globals] { return export_job(globals, *options); };
}

}  // namespace ampd::client
