#include "scheduler/scripted_runner.hpp"

std::string text_of(const ampd::protocol::Precisions& precisions) {
  std::string text;
  for (const auto& [op, precision] : precisions) text += to_string(precision).substr(0, 1);
  return text;
}

void ScriptedRunner::start(ampd::protocol::Order order, int /*threads*/,
                           ampd::runner::Listener listener) {
  REQUIRE_FALSE(is_running());
  order_ = std::move(order);
  listener_ = std::move(listener);
  is_stopped_ = false;
  plan();
}

void ScriptedRunner::start(ampd::runner::Command command, ampd::runner::Listener listener) {
  ampd::protocol::Evaluate order;
  order.configs.resize(1);
  const nlohmann::json config =
      nlohmann::json::parse(ampd::base::read_text(command.environment.at(1).second, 1 << 20));
  for (const auto& [op, word] : config.at("ops").items()) {
    order.configs.front()[op] = *ampd::parse_precision(word.get<std::string>());
  }
  commands.push_back(std::move(command));
  start(ampd::protocol::Order(order), 0, std::move(listener));
  ampd::protocol::Evaluated evaluated =
      std::get<ampd::protocol::Evaluated>(std::get<ampd::protocol::Reply>(events_.back()));
  evaluated.verdicts = {{evaluated.verdicts.at(0).accuracy}};
  evaluated.fingerprint.clear();
  events_ = {ampd::protocol::Reply(evaluated)};
}

void ScriptedRunner::kill() {
  listener_ = nullptr;
  events_.clear();
  ++kills;
}

bool ScriptedRunner::step() {
  if (!is_running()) return false;
  ampd::runner::Event event = next_event();
  const ampd::runner::Listener listener = listener_;
  if (!is_on_the_way(event)) {
    listener_ = nullptr;
    events_.clear();
  }
  listener(std::move(event), {});
  return true;
}

bool ScriptedRunner::is_on_the_way(const ampd::runner::Event& event) {
  const auto* reply = std::get_if<ampd::protocol::Reply>(&event);
  return reply != nullptr && (std::holds_alternative<ampd::protocol::Progress>(*reply) ||
                              std::holds_alternative<ampd::protocol::Checkpoint>(*reply));
}

ampd::runner::Event ScriptedRunner::next_event() {
  ampd::runner::Event event = events_.front();
  const auto& reply = std::get<ampd::protocol::Reply>(event);
  const bool is_batch = std::holds_alternative<ampd::protocol::Progress>(reply);
  const bool is_command = std::holds_alternative<ampd::protocol::Evaluate>(order_) &&
                          events_.size() == 1 && !commands.empty();
  if (is_stopped_ && (is_batch || is_command)) {
    event = ampd::protocol::Reply(ampd::protocol::Stopped{});
  } else if (!std::holds_alternative<ampd::protocol::Checkpoint>(reply)) {
    clock_.advance(world_.batch_duration);
  }
  if (world_.fault) {
    if (auto other = world_.fault(order_, event)) return std::move(*other);
  }
  events_.pop_front();
  return event;
}

void ScriptedRunner::plan() {
  events_.clear();
  if (const auto* hash = std::get_if<ampd::protocol::Hash>(&order_)) plan(*hash);
  if (std::holds_alternative<ampd::protocol::Inspect>(order_)) {
    ampd::protocol::Inspected inspected;
    inspected.space = world_.space;
    inspected.fingerprint = world_.fingerprint;
    say(inspected);
  }
  if (const auto* evaluate = std::get_if<ampd::protocol::Evaluate>(&order_)) plan(*evaluate);
  if (const auto* measure = std::get_if<ampd::protocol::Measure>(&order_)) {
    say(world_.latency(measure->precisions));
  }
}

void ScriptedRunner::plan(const ampd::protocol::Hash& hash) {
  ampd::protocol::Hashed hashed;
  for (const auto& path : hash.paths) {
    const auto known = world_.digests.find(path.string());
    hashed.digests.push_back(known == world_.digests.end() ? path.filename().string()
                                                           : known->second);
  }
  say(hashed);
}

std::size_t ScriptedRunner::count_of(const ampd::protocol::Evaluate& evaluate) const {
  if (!evaluate.checkpoint) return std::min(evaluate.configs.size(), world_.configs_max);
  const nlohmann::json& sums = evaluate.checkpoint->at("sums");
  std::size_t count = 0;
  while (count < evaluate.configs.size() && sums.contains(text_of(evaluate.configs[count]))) {
    ++count;
  }
  REQUIRE(count > 0);
  return count;
}

void ScriptedRunner::plan(const ampd::protocol::Evaluate& evaluate) {
  const std::size_t count = count_of(evaluate);
  std::int64_t batch = 0;
  std::vector<double> sums(count, 0);
  if (evaluate.checkpoint) {
    batch = evaluate.checkpoint->at("batch");
    for (std::size_t i = 0; i < count; ++i) {
      const nlohmann::json& sum = evaluate.checkpoint->at("sums").at(text_of(evaluate.configs[i]));
      sums[i] = sum.is_null() ? std::numeric_limits<double>::quiet_NaN() : sum.get<double>();
    }
  }
  while (batch < world_.batches) {
    nlohmann::json state{{"batch", batch + 1}, {"sums", nlohmann::json::object()}};
    for (std::size_t i = 0; i < count; ++i) {
      sums[i] += world_.accuracy(evaluate.configs[i], batch);
      state["sums"][text_of(evaluate.configs[i])] = sums[i];
    }
    ampd::protocol::Progress progress;
    progress.batches_done = ++batch;
    progress.batches = world_.batches;
    progress.accuracy = sums[0] / static_cast<double>(batch);
    progress.configs = static_cast<std::int64_t>(count);
    say(progress);
    say(ampd::protocol::Checkpoint{state});
  }
  ampd::protocol::Evaluated evaluated;
  for (const double sum : sums) {
    const double accuracy = sum / static_cast<double>(world_.batches);
    evaluated.verdicts.push_back({accuracy, 1000, 2000});
    const bool is_hopeless = evaluate.accuracy_needed && accuracy < *evaluate.accuracy_needed;
    if (is_hopeless) evaluated.verdicts.back().aborted_after = 200;
  }
  evaluated.fingerprint = world_.fingerprint;
  say(evaluated);
}
