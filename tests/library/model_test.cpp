// Strategies that are given an ONNX file, which ampd executes.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "ampd/strategy.hpp"
#include "first_samples.hpp"
#include "temporary_folder.hpp"

using namespace ampd;
using Strategy = AutoMixedPrecisionTuneStrategy;

namespace {

const std::filesystem::path digits = AMPD_PROJECT_ROOT "/examples/digits";
const std::filesystem::path model = digits / "digits.onnx";
const char* const by_topk = "evaluation: {accuracy: {metric: {topk: 1}}}";
constexpr std::int64_t batch_size = 64;

/// The rows of a batch of the digits, scaled as the model wants them.
std::optional<Batch> batch_of_digits(std::int64_t index) {
  static const tensor::Tensor pixels =
      convert(data::read_npy(digits / "heldout_x.npy"), tensor::DType::f32);
  static const tensor::Tensor labels =
      convert(data::read_npy(digits / "heldout_y.npy"), tensor::DType::i64);
  const std::int64_t first = index * batch_size;
  const std::int64_t rows = std::min(batch_size, labels.size() - first);
  if (rows <= 0) return std::nullopt;
  const auto row_size = static_cast<std::size_t>(pixels.size() / labels.size());
  const auto from = static_cast<std::size_t>(first), count = static_cast<std::size_t>(rows);
  std::vector<float> values;
  for (const float pixel : pixels.values<float>().subspan(from * row_size, count * row_size)) {
    values.push_back(pixel / 16);
  }
  const auto classes = labels.values<std::int64_t>().subspan(from, count);
  std::vector<std::int64_t> shape = pixels.shape();
  shape.front() = rows;
  return Batch{{{"image", Tensor{shape, values}}},
               Tensor{{rows}, std::vector<std::int64_t>(classes.begin(), classes.end())}};
}

std::size_t argmax(std::span<const float> scores) {
  return static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
}

/// The share of right answers, counted without ampd's metric.
double share_of_right(const Candidate& candidate) {
  double right = 0, all = 0;
  for (std::int64_t i = 0; const auto batch = batch_of_digits(i); ++i) {
    const Tensor output = candidate.run(batch->inputs).front();
    const auto& scores = std::get<std::vector<float>>(output.values);
    for (const std::int64_t label : std::get<std::vector<std::int64_t>>(batch->labels->values)) {
      const auto row = static_cast<std::size_t>(all);
      const std::size_t of_batch = row % static_cast<std::size_t>(batch_size);
      if (argmax(std::span(scores).subspan(of_batch * 10, 10)) == static_cast<std::size_t>(label)) {
        ++right;
      }
      ++all;
    }
  }
  return right / all;
}

std::vector<tuning::Trial> without_times(std::vector<tuning::Trial> trials) {
  for (tuning::Trial& trial : trials) {
    trial.outcome.seconds = 0;
    trial.outcome.latency_ns.reset();
    trial.outcome.speedup.reset();
  }
  return trials;
}

}  // namespace

TEST_CASE("a conf with metric and data is all that a model needs") {
  Strategy strategy(model, read_conf(digits / "quick.yaml"));
  CHECK(strategy.traverse());
  REQUIRE(strategy.trials().size() == 2);
  const tuning::Trial best = strategy.best().value();
  CHECK(best.proposal.config.fp32_ops() == 0);
  CHECK(best.outcome.latency_ns.value_or(0) > 0);
  CHECK(best.outcome.model_bytes.value() < strategy.trials().front().outcome.model_bytes.value());
  CHECK(best.outcome.footprint_bytes.value_or(0) > 0);
}

TEST_CASE("own batches, own judgement and the conf's data give the same accuracies") {
  Strategy by_conf(model, read_conf(digits / "quick.yaml"));
  Strategy by_batches(model, parse_conf(by_topk), {}, {}, batch_of_digits);
  Strategy by_function(model, {}, {}, {}, {}, share_of_right);
  by_conf.traverse();
  by_batches.traverse();
  by_function.traverse();
  for (std::size_t i = 0; i < 2; ++i) {
    const double accuracy = by_conf.trials().at(i).outcome.accuracy;
    CHECK(by_batches.trials().at(i).outcome.accuracy == accuracy);
    CHECK(by_function.trials().at(i).outcome.accuracy == doctest::Approx(accuracy));
  }
  CHECK(by_function.best()->outcome.footprint_bytes.value_or(0) > 0);
}

TEST_CASE("a tuning goes on from its dicts and ends as the undisturbed one") {
  const TemporaryFolder folder;
  for (const char* file : {"strict.yaml", "digits.onnx"}) {
    std::filesystem::copy_file(digits / file, folder / file);
  }
  write_first_samples(digits / "heldout_x.npy", 1200, folder / "heldout_x.npy");
  const Conf conf = read_conf(folder / "strict.yaml");
  Strategy whole(model, conf);
  CHECK(whole.traverse());
  Dicts dicts;
  {
    struct Interruption {};
    Strategy first(model, conf);
    first.after_each_trial([&] {
      dicts = dicts_from_json(to_json(first.dicts()));
      if (first.trials().size() == 5) throw Interruption{};
    });
    CHECK_THROWS_AS(first.traverse(), Interruption);
  }
  Strategy second(model, conf, {}, {}, {}, {}, dicts);
  CHECK(second.trials().size() == 5);
  CHECK(second.traverse());
  CHECK(without_times(second.trials()) == without_times(whole.trials()));
  CHECK(second.ranking() == whole.ranking());
}

TEST_CASE("dicts of another model or machine are refused") {
  const Conf conf = read_conf(digits / "quick.yaml");
  Strategy strategy(model, conf);
  strategy.traverse();
  Dicts other_model = strategy.dicts(), other_machine = strategy.dicts();
  CHECK(other_model.model_digest.size() == 64);
  other_model.model_digest.front() ^= 1;
  other_machine.fingerprint += "x";
  CHECK_THROWS_WITH_AS(Strategy(model, conf, {}, {}, {}, {}, other_model),
                       doctest::Contains("another model"), Error);
  CHECK_THROWS_WITH_AS(Strategy(model, conf, {}, {}, {}, {}, other_machine),
                       doctest::Contains("they were evaluated on"), Error);
}

TEST_CASE("the best config is exported as a model whose accuracy is the trial's") {
  const TemporaryFolder folder;
  const Conf conf = read_conf(digits / "quick.yaml");
  Strategy strategy(model, conf);
  CHECK_THROWS_AS(strategy.export_best(folder / "mixed.onnx"), Error);
  strategy.traverse();
  strategy.export_best(folder / "mixed.onnx");
  CHECK(std::filesystem::file_size(folder / "mixed.onnx") < std::filesystem::file_size(model));
}

TEST_CASE("the timeout ends a trial between two of its batches") {
  Conf conf = parse_conf(by_topk);
  conf.settings.exit_policy.timeout_seconds = 1e-6;
  Strategy strategy(model, conf, {}, {}, batch_of_digits);
  CHECK_FALSE(strategy.traverse());
  CHECK(strategy.stop_reason() == tuning::StopReason::timeout);
  CHECK(strategy.trials().empty());
}

TEST_CASE("what a model cannot be judged by is named") {
  const auto without_labels = [](std::int64_t index) {
    auto batch = batch_of_digits(index);
    if (batch) batch->labels.reset();
    return batch;
  };
  const auto misnamed = [](std::int64_t) { return Batch{{{"picture", Tensor{}}}, {}}; };
  const auto none = [](std::int64_t) { return std::optional<Batch>(); };
  const auto construct = [](Dataloader dataloader, const char* yaml) {
    Strategy(model, parse_conf(yaml), {}, {}, dataloader);
  };
  CHECK_THROWS_WITH_AS(construct(batch_of_digits, "{}"), doctest::Contains("names a metric"),
                       Error);
  CHECK_THROWS_WITH_AS(construct(without_labels, by_topk),
                       doctest::Contains("batch 0: there are no labels"), Error);
  CHECK_THROWS_WITH_AS(construct(misnamed, by_topk), doctest::Contains("no input picture"), Error);
  CHECK_THROWS_WITH_AS(construct(none, by_topk), doctest::Contains("no batch"), Error);
  CHECK_THROWS_WITH_AS(parse_conf("tuning: {tolerance: 1}"), doctest::Contains("the conf:1:10"),
                       Error);
  CHECK_THROWS_WITH_AS(Strategy("absent.onnx"), doctest::Contains("absent.onnx"), Error);
  CHECK_THROWS_WITH_AS(Strategy(model).traverse(), doctest::Contains("nothing says how good"),
                       Error);
}
