#include "scheduler/scheduler_fixture.hpp"

double batch_accuracy(const ampd::protocol::Precisions& precisions, std::int64_t batch) {
  double accuracy = 0.9 + 0.001 * static_cast<double>(batch % 3);
  double cost = 0.01;
  for (const auto& [op, precision] : precisions) {
    if (precision != ampd::Precision::fp32) accuracy -= cost / 3;
    cost *= 2;
  }
  return accuracy;
}

ampd::protocol::Measured latency_by_ops(const ampd::protocol::Precisions& precisions) {
  std::int64_t median_ns = 10'000'000;
  for (const auto& [op, precision] : precisions) {
    if (precision != ampd::Precision::fp32) median_ns -= 1'000'000;
  }
  const double speedup = 10'000'000.0 / static_cast<double>(median_ns);
  return {{median_ns, median_ns - 5, median_ns + 5},
          {10'000'000, 9'999'990, 10'000'010},
          {speedup, speedup * 0.999, speedup * 1.001}};
}

SchedulerFixture::SchedulerFixture(std::size_t op_count,
                                   const ampd::store::StoreOptions& store_options)
    : options(store_options) {
  world.space = space_of(op_count);
  world.accuracy = batch_accuracy;
  world.latency = latency_by_ops;
  world.digests["/data/x.npy"] = std::string(64, 'a');
  open();
}

void SchedulerFixture::kill_and_open() {
  close();
  open();
}

void SchedulerFixture::close() {
  scheduler_.reset();
  runner_.reset();
  store_.reset();
}

void SchedulerFixture::open() {
  open_without_start();
  scheduler_->start();
}

void SchedulerFixture::open_without_start() {
  store_ = std::make_unique<ampd::store::Store>(directory(), clock, options);
  runner_ = std::make_unique<ScriptedRunner>(world, clock);
  ampd::scheduler::Observer observer;
  observer.event = [this](const ampd::store::Event& event) {
    is_told_ = true;
    if (on_event) on_event(event);
  };
  observer.progress = [this](const ampd::scheduler::Activity& activity) {
    is_told_ = true;
    activities.push_back(activity);
  };
  observer.idle = [this] {
    is_told_ = true;
    ++idles;
  };
  observer.stalled = [this](const std::string&) { is_told_ = true; };
  observer.failure = [this](const ampd::Error& error) { failures.emplace_back(error.what()); };
  scheduler_ = std::make_unique<ampd::scheduler::Scheduler>(*store_, *runner_, clock, observer);
}

ampd::scheduler::Submission SchedulerFixture::submission(const std::string& name) {
  const std::filesystem::path model = folder / (name + ".onnx");
  if (!std::filesystem::exists(model)) ampd::base::write_file(model, "model " + name);
  ampd::scheduler::Submission submission;
  submission.job.name = name;
  submission.job.folder = folder.path();
  submission.job.model_path = model;
  submission.job.evaluation = ampd::job::MetricEvaluation{
      {"topk", {{"k", 1}}}, {100, false, {"npy", {{"input", "/data/x.npy"}}}, {}}, -1, {}};
  submission.job.settings.criterion.relative = false;
  submission.job.settings.criterion.tolerance = 0.004;
  submission.job_file = "model: " + name;
  submission.model_digest =
      ampd::base::sha256(ampd::base::read_text(submission.job.model_path, 1000));
  submission.inputs = {{"/data/x.npy", std::string(64, 'a')}};
  submission.space = world.space;
  submission.fingerprint = world.fingerprint;
  return submission;
}

std::int64_t SchedulerFixture::submit(const std::string& name) {
  return scheduler_->submit(submission(name));
}

bool SchedulerFixture::step() {
  const auto due_before = scheduler_->due();
  is_told_ = false;
  if (runner_->step()) {
    REQUIRE_MESSAGE((is_told_ || scheduler_->due() == due_before), "nobody is told of the new due");
    return true;
  }
  const auto due = scheduler_->due();
  if (!due) return false;
  clock.set(std::max(clock.monotonic(), *due));
  scheduler_->advance();
  return true;
}

void SchedulerFixture::steps(int count) {
  for (int i = 0; i < count; ++i) REQUIRE(step());
}

int SchedulerFixture::run() {
  int count = 0;
  while (step()) REQUIRE(++count < 10'000);
  return count;
}

void SchedulerFixture::run_to(std::int64_t seq, std::int64_t batches) {
  for (int count = 0; count < 10'000; ++count) {
    const auto activity = scheduler_->status().activity;
    if (activity && activity->seq == seq && activity->batches_done >= batches &&
        activity->phase == ampd::scheduler::Phase::evaluating) {
      return;
    }
    REQUIRE(step());
  }
  FAIL("the trial was never reached");
}

ampd::store::StateDirectory SchedulerFixture::directory() const {
  return ampd::store::StateDirectory(folder / "state");
}

ampd::store::Row SchedulerFixture::show(std::int64_t job, const std::string& key) {
  return reader().job(job).at(key);
}

std::string SchedulerFixture::error(std::int64_t job) {
  const ampd::store::Row value = show(job, "error");
  return value.is_null() ? "" : value.get<std::string>();
}

std::vector<ampd::store::Row> SchedulerFixture::trials(std::int64_t job, const std::string& key) {
  std::vector<ampd::store::Row> values;
  for (const auto& row : reader().trials(job)) values.push_back(row.at(key));
  return values;
}

std::vector<std::string> SchedulerFixture::messages(std::int64_t job, const std::string& kind) {
  std::vector<std::string> found;
  for (const auto& row : reader().events(job)) {
    if (row.at("kind") == kind) found.push_back(row.at("message"));
  }
  return found;
}

std::string SchedulerFixture::result(std::int64_t job) {
  std::string text;
  for (ampd::store::Row row : reader().trials(job)) {
    for (const char* key : {"attempts", "started_at", "finished_at", "seconds"}) row.erase(key);
    text += row.dump() + "\n";
    for (const auto& op : reader().trial_ops(job, row.at("seq"))) text += op.dump() + "\n";
  }
  for (const auto& row : reader().rankings(job)) text += row.dump() + "\n";
  for (const char* key : {"state", "stage", "goal_met", "best_seq", "speedup", "error"}) {
    text += show(job, key).dump() + "\n";
  }
  return text + reader().record(job).message;
}
