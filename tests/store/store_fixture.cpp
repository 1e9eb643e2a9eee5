#include "store/store_fixture.hpp"

ampd::TuningSpace space_of(std::size_t op_count) {
  ampd::TuningSpace space;
  for (std::size_t i = 0; i < op_count; ++i) {
    space.ops.push_back({"op" + std::to_string(i),
                         i % 2 == 0 ? "Conv" : "Gemm",
                         {ampd::Precision::fp32, ampd::Precision::bf16},
                         std::nullopt,
                         100});
  }
  return space;
}

ampd::Outcome done(double accuracy) {
  ampd::Outcome outcome;
  outcome.state = ampd::TrialState::done;
  outcome.accuracy = accuracy;
  outcome.seconds = 0.5;
  outcome.model_bytes = 1000;
  return outcome;
}

ampd::Outcome failed(const std::string& reason) {
  ampd::Outcome outcome;
  outcome.reason = reason;
  return outcome;
}

ampd::Outcome accuracy_by_ops(const ampd::tuning::Proposal& proposal) {
  double accuracy = 0.9;
  for (std::size_t i = 0; i < proposal.config.precisions.size(); ++i) {
    if (proposal.config.precisions[i] != ampd::Precision::fp32) {
      accuracy -= 0.01 * static_cast<double>(i + 1);
    }
  }
  return done(accuracy);
}

void StoreFixture::open(const ampd::store::StoreOptions& options) {
  store_.reset();
  store_ = std::make_unique<ampd::store::Store>(directory(), clock_, options);
}

ampd::store::StateDirectory StoreFixture::directory() const {
  return ampd::store::StateDirectory(folder_ / "state");
}

ampd::store::JobDefinition StoreFixture::definition(const std::string& name, std::size_t op_count) {
  ampd::store::JobDefinition definition;
  definition.job.name = name;
  definition.job.model_path = "/models/" + name + ".onnx";
  definition.job.evaluation = ampd::job::MetricEvaluation{
      {"topk", {{"k", 1}}}, {100, false, {"npy", {{"input", "/data/x.npy"}}}, {}}, -1, {}};
  definition.job.settings.criterion.tolerance = 0.001;
  definition.job_file_digest = store_->blobs().add_text("model: " + name);
  definition.model_digest = store_->blobs().add_text("bytes of " + name);
  definition.inputs = {{"/data/x.npy", std::string(64, 'a')}};
  definition.space = space_of(op_count);
  return definition;
}

std::int64_t StoreFixture::add(const ampd::store::JobDefinition& definition) {
  using ampd::store::EventKind;
  return store_->add(definition, "cpu 1", {{EventKind::submitted, "submitted"}});
}

std::int64_t StoreFixture::add(const std::string& name, std::size_t op_count) {
  return add(definition(name, op_count));
}

ampd::store::History StoreFixture::history(std::int64_t job) {
  return store_->history(store_->reader().record(job));
}

void StoreFixture::run(std::int64_t job, const OutcomeOf& outcome_of, int count) {
  ampd::store::History history = this->history(job);
  for (int i = 0; i < count && history.search.next(); ++i) {
    propose(job, history);
    const auto proposal = *history.search.next();
    clock_.advance(std::chrono::milliseconds(1500));
    const ampd::Outcome outcome =
        proposal.reused_from
            ? history.search.trials().at(static_cast<std::size_t>(*proposal.reused_from)).outcome
            : outcome_of(proposal);
    record(job, history, outcome);
  }
}

void StoreFixture::propose(std::int64_t job, const ampd::store::History& history) {
  ampd::store::Pass pass;
  pass.attempts = 1;
  pass.started_microseconds = clock_.wall_microseconds();
  pass.config_digests = {digest(history.search.space(), history.search.next()->config)};
  store_->propose(job, *history.search.next(), pass);
}

void StoreFixture::record(std::int64_t job, ampd::store::History& history,
                          const ampd::Outcome& outcome) {
  using ampd::store::EventKind;
  ampd::store::TrialRecord record;
  record.started_microseconds = clock_.wall_microseconds() - 1'500'000;
  record.finished_microseconds = clock_.wall_microseconds();
  record.attempts = history.search.next()->reused_from ? 0 : 1;
  history.search.record(outcome);
  record.trial = history.search.trials().back();
  std::optional<ampd::store::Measurement> measurement;
  if (outcome.latency_ns) {
    measurement = ampd::store::Measurement{
        {*outcome.latency_ns, *outcome.latency_ns - 1, *outcome.latency_ns + 1},
        {3'000'000, 2'900'000, 3'100'000}};
  }
  store_->record_trial(job, record, measurement, history.search, history.chain, std::nullopt,
                       {{EventKind::trial, "a trial has its outcome"}});
}
