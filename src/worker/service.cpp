#include "worker/service.hpp"

#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <new>
#include <string_view>
#include <utility>

#include "ampd/error.hpp"
#include "data/npy.hpp"
#include "engine/peaks.hpp"
#include "engine/program.hpp"
#include "evaluation/conformance.hpp"
#include "evaluation/content_digest.hpp"
#include "evaluation/export.hpp"
#include "evaluation/inspection.hpp"
#include "evaluation/lane_count.hpp"
#include "evaluation/latency.hpp"
#include "evaluation/made_up.hpp"
#include "evaluation/plan.hpp"
#include "worker/replies.hpp"

namespace ampd::worker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds progress_interval{50};
constexpr std::int64_t profile_rounds_max = 10;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

evaluation::GivenInputs given_by(const protocol::Inputs& inputs) {
  return {inputs.files, {inputs.shapes.begin(), inputs.shapes.end()}};
}

/// The config that an order asks for.
evaluation::Precisions chosen(const std::variant<Precision, protocol::Precisions>& precisions,
                              const evaluation::SpecialGraph& special,
                              const std::string& model_name) {
  if (const auto* each = std::get_if<protocol::Precisions>(&precisions)) {
    evaluation::check_precisions(special, *each, model_name);
    return *each;
  }
  const Precision all = std::get<Precision>(precisions);
  evaluation::Precisions found = evaluation::all_in(special, all);
  const std::string feature = engine::missing_feature(all);
  if (found.empty() && !feature.empty()) {
    throw Error(ErrorCode::unsupported, "nothing runs in " + std::string(to_string(all)) +
                                            " here: the CPU lacks " + feature);
  }
  return found;
}

}  // namespace

void Service::serve(const protocol::Order& order) {
  Answer answer;
  try {
    answer = std::visit([this](const auto& each) { return carry_out(each); }, order);
    connection_.send(answer.reply, answer.files);
  } catch (const Error& error) {
    connection_.send(protocol::Failed{error.code(), error.what()});
  } catch (const std::bad_alloc&) {
    connection_.send(protocol::Failed{ErrorCode::exhausted, "memory ran out"});
  }
}

evaluation::Model& Service::model(const protocol::ModelReference& reference) {
  struct stat status {};
  if (::stat(reference.path.c_str(), &status) != 0) {
    base::throw_system_error("cannot open", reference.path, errno);
  }
  const FileState state{status.st_dev, status.st_ino, status.st_size, status.st_mtim};
  const auto is_same = [&state](const FileState& other) {
    return state.device == other.device && state.inode == other.inode &&
           state.size_bytes == other.size_bytes && state.modified.tv_sec == other.modified.tv_sec &&
           state.modified.tv_nsec == other.modified.tv_nsec;
  };
  evaluation::ModelSource source{reference.path, reference.folder, reference.name};
  if (model_ == nullptr || model_->source() != source || !is_same(model_state_)) {
    evaluator_ = nullptr;
    model_ = nullptr;
    model_ = std::make_shared<evaluation::Model>(std::move(source));
    model_state_ = state;
  }
  return *model_;
}

evaluation::Evaluator& Service::evaluator(const protocol::ModelReference& reference,
                                          const job::Job& job) {
  model(reference);
  if (evaluator_ == nullptr || evaluator_->job() != job) {
    evaluator_ = nullptr;
    evaluator_ = std::make_unique<evaluation::Evaluator>(model_, job);
  }
  return *evaluator_;
}

evaluation::Observer Service::observer() {
  evaluation::Observer observer;
  observer.progress = [this, last = Clock::time_point()](const evaluation::Progress& now) mutable {
    if (Clock::now() - last < progress_interval && now.batches_done < now.batches) return;
    last = Clock::now();
    connection_.send(protocol::Progress{now.batches_done, now.batches, now.samples_done,
                                        now.accuracy, now.configs});
  };
  observer.checkpoint = [this](const nlohmann::json& state) {
    connection_.send(protocol::Checkpoint{state});
  };
  observer.is_stopping = [this] { return connection_.is_stopping(); };
  return observer;
}

Service::Answer Service::carry_out(const protocol::Inspect& order) {
  evaluation::Model& inspected = model(order.model);
  if (order.job) {
    const evaluation::JobInputs inputs(inspected, *order.job);
    protocol::Inspected reply =
        reply_of(evaluation::inspect(inspected, order.target, inputs.shapes()));
    if (reply.unsupported.empty()) {
      reply.fingerprint = evaluation::fingerprint(inspected, *order.job, inputs);
    }
    return {std::move(reply), {}};
  }
  const evaluation::GivenInputs given = given_by(order.inputs);
  const evaluation::Shapes shapes =
      evaluation::shapes_of(inspected, given, evaluation::read_inputs(inspected, given));
  return {reply_of(evaluation::inspect(inspected, order.target, shapes)), {}};
}

Service::Answer Service::carry_out(const protocol::Evaluate& order) {
  if (order.configs.empty()) throw Error(ErrorCode::invalid, "there is no config to evaluate");
  evaluation::Evaluator& judge = evaluator(order.model, order.job);
  const auto evaluated = judge.evaluate(order.configs, {order.cost_max, order.memory_bytes_max},
                                        order.checkpoint, observer(), order.accuracy_needed);
  if (!evaluated) return {protocol::Stopped{}, {}};
  protocol::Evaluated reply{
      {}, evaluated->front().samples, evaluated->front().seconds, judge.fingerprint()};
  for (const evaluation::Evaluated& each : *evaluated) {
    reply.verdicts.push_back(
        {each.accuracy, each.model_bytes, each.footprint_bytes, each.aborted_after});
  }
  return {std::move(reply), {}};
}

Service::Answer Service::carry_out(const protocol::Measure& order) {
  evaluation::Model& measured = model(order.model);
  const evaluation::JobInputs inputs(measured, order.job);
  evaluation::check_precisions(*measured.graph(inputs.shapes()), order.precisions,
                               order.model.name);
  const auto config = measured.program(inputs.shapes(), order.precisions);
  const auto baseline = measured.program(inputs.shapes(), {});
  const data::Batch batch = evaluation::BatchStream(inputs).next().value();
  const auto found =
      evaluation::compare(*config, *baseline, batch.inputs, order.job.performance.warmup,
                          order.job.performance.rounds, observer());
  if (!found) return {protocol::Stopped{}, {}};
  return {protocol::Measured{reply_of(found->config), reply_of(found->baseline), found->speedup},
          {}};
}

Service::Answer Service::carry_out(const protocol::Export& order) {
  evaluation::Model& source = model(order.model);
  const evaluation::JobInputs inputs(source, order.job);
  evaluation::check_precisions(*source.graph(inputs.shapes()), order.precisions, order.model.name);
  const bool is_plain = order.profile == to_string(Precision::fp32);
  const auto exported = evaluation::export_model(
      source, is_plain ? evaluation::Precisions{} : order.precisions, inputs, observer());
  if (!exported) return {protocol::Stopped{}, {}};
  Answer answer{protocol::Exported{exported->samples_compared}, {}};
  answer.files.push_back(base::memory_file("model.onnx", text_of(exported->bytes)));
  return answer;
}

Service::Answer Service::carry_out(const protocol::Hash& order) {
  const evaluation::Observer watch = observer();
  protocol::Hashed hashed;
  for (const std::filesystem::path& path : order.paths) {
    if (watch.wants_stop()) return {protocol::Stopped{}, {}};
    const auto done = static_cast<std::int64_t>(hashed.digests.size());
    hashed.digests.push_back(evaluation::content_digest(path, [&] {
      watch.tell({done, static_cast<std::int64_t>(order.paths.size()), 0, {}});
    }));
    note(path, hashed.digests.back());
  }
  return {std::move(hashed), {}};
}

void Service::note(const std::filesystem::path& path, const std::string& digest) {
  const auto [entry, is_new] = digests_.try_emplace(path, digest);
  if (is_new || entry->second == digest) return;
  entry->second = digest;
  evaluator_ = nullptr;
}

Service::Answer Service::carry_out(const protocol::Execute& order) {
  evaluation::Model& executed = model(order.model);
  const evaluation::GivenInputs given = given_by(order.inputs);
  const evaluation::Tensors inputs = evaluation::read_inputs(executed, given);
  evaluation::require_all(executed, inputs);
  const evaluation::Shapes shapes = evaluation::shapes_of(executed, given, inputs);
  const auto special = executed.graph(shapes);
  const auto program =
      executed.program(shapes, chosen(order.precisions, *special, order.model.name));
  const std::vector<tensor::Tensor> outputs = program->run(inputs);
  const std::vector<std::string> names = evaluation::output_names(executed.imported());
  protocol::Executed reply;
  Answer answer;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    reply.outputs.push_back(
        {names.at(i), std::string(to_string(outputs[i].dtype())), outputs[i].shape(), {}});
    answer.files.push_back(base::memory_file("output.npy", data::write_npy(outputs[i])));
  }
  answer.reply = std::move(reply);
  return answer;
}

Service::Answer Service::carry_out(const protocol::Bench& order) {
  evaluation::Model& timed = model(order.model);
  const evaluation::GivenInputs given = given_by(order.inputs);
  evaluation::Tensors inputs = evaluation::read_inputs(timed, given);
  const evaluation::Shapes shapes = evaluation::shapes_of(timed, given, inputs);
  const auto special = timed.graph(shapes);
  inputs.merge(evaluation::made_up_inputs(special->graph, 0));
  const auto program = timed.program(shapes, chosen(order.precisions, *special, order.model.name));
  const std::array programs{program.get()};
  const std::vector<evaluation::Latency> latencies =
      evaluation::measure(programs, inputs, order.warmup, order.rounds, observer());
  if (latencies.empty()) return {protocol::Stopped{}, {}};
  const std::vector<evaluation::StepTime> steps =
      evaluation::profile(*program, inputs, std::min(order.rounds, profile_rounds_max), observer());
  return {reply_of(latencies.front(), steps, engine::measure_peaks()), {}};
}

Service::Answer Service::carry_out(const protocol::Validate& order) {
  return {reply_of(evaluation::run_case(order.folder, order.precision,
                                        {order.relative_tolerance, order.absolute_tolerance},
                                        observer())),
          {}};
}

Service::Answer Service::carry_out(const protocol::Plan& order) {
  model(order.model);
  const auto plan =
      evaluation::plan(model_, order.job, {order.memory_bytes_max, order.trials_max}, observer());
  if (!plan) return {protocol::Stopped{}, {}};
  return {reply_of(*plan), {}};
}

Service::Answer Service::carry_out(const protocol::Examine&) {
  protocol::Examined found;
  found.fingerprint = engine::fingerprint();
  for (const Precision precision : all_precisions) {
    found.offers.push_back(
        {precision, engine::missing_feature(precision), engine::is_emulated(precision)});
  }
  const engine::Peaks all = engine::measure_peaks();
  if (all.threads > 1) found.peaks.push_back(reply_of(engine::measure_peaks(1)));
  found.peaks.push_back(reply_of(all));
  found.filters_calls = sandbox_.filters_calls;
  found.locks_files = sandbox_.locks_files;
  const char* spin_count = std::getenv("GOMP_SPINCOUNT");
  if (spin_count != nullptr) found.spin_count = spin_count;
  return {std::move(found), {}};
}

}  // namespace ampd::worker
