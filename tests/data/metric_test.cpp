#include "data/metric.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "damage.hpp"

using namespace ampd::data;
using ampd::tensor::DType;
using ampd::tensor::Shape;
using ampd::tensor::Tensor;
using nlohmann::json;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

Tensor floats(Shape shape, const std::vector<float>& values) {
  return Tensor::of<float>(std::move(shape), values);
}

Tensor classes(Shape shape, const std::vector<std::int64_t>& values) {
  return Tensor::of<std::int64_t>(std::move(shape), values);
}

Outputs one(Tensor output) {
  return {{"logits", std::move(output)}};
}

/// The metric over one batch, judged by labels.
double judged(const std::string& name, Tensor output, const Tensor& labels,
              const json& parameters = json::object()) {
  Metric metric({name, parameters});
  const std::int64_t samples = output.shape().front();
  metric.add(one(std::move(output)), &labels, nullptr, samples);
  return metric.value();
}

/// The metric over one batch, judged by the fp32 outputs.
double compared(const std::string& name, const Outputs& outputs, const Outputs& reference) {
  Metric metric({name, {{"compare_label", false}}});
  metric.add(outputs, nullptr, &reference, outputs.front().second.shape().front());
  return metric.value();
}

double topk(std::int64_t k, Tensor output, const Tensor& labels) {
  return judged("topk", std::move(output), labels, {{"k", k}});
}

std::string refusal(const std::string& name, Tensor output, const Tensor& labels) {
  return error_of([&] { judged(name, std::move(output), labels, {{"k", 1}}); });
}

const std::vector<std::string> all_metrics{"topk",      "Accuracy", "F1",   "MSE",
                                           "MAE",       "RMSE",     "Loss", "perplexity",
                                           "agreement", "cosine",   "sqnr"};

}  // namespace

TEST_CASE("topk counts the labels among the k highest scores") {
  const Tensor scores = floats({3, 4}, {1, 2, 3, 4, 4, 3, 2, 1, 1, 3, 2, 4});
  const Tensor labels = classes({3}, {2, 0, 2});
  CHECK(topk(1, scores, labels) == doctest::Approx(1.0 / 3));
  CHECK(topk(2, scores, labels) == doctest::Approx(2.0 / 3));
  CHECK(topk(3, scores, labels) == 1);
  CHECK(topk(100, scores, labels) == 1);
}

TEST_CASE("of equal scores the lower class stands first") {
  const Tensor scores = floats({2, 3}, {5, 5, 5, 1, 7, 7});
  CHECK(topk(1, scores, classes({2}, {0, 1})) == 1);
  CHECK(topk(1, scores, classes({2}, {1, 2})) == 0);
  CHECK(topk(2, scores, classes({2}, {1, 2})) == 1);
  CHECK(topk(2, scores, classes({2}, {2, 0})) == 0);
}

TEST_CASE("scores that are not numbers are never right") {
  const Tensor scores =
      floats({3, 2}, {not_a_number, 1, 1, not_a_number, not_a_number, not_a_number});
  for (const std::int64_t k : {1, 2}) CHECK(topk(k, scores, classes({3}, {1, 0, 0})) == 0);
  CHECK(judged("Accuracy", scores, classes({3}, {1, 0, 0})) == 0);
  CHECK(std::isnan(judged("Loss", scores, classes({3}, {1, 0, 0}))));
}

TEST_CASE("labels may be a column, one-hot or floats, and outputs may have more axes") {
  const Tensor scores = floats({2, 3}, {1, 2, 3, 3, 2, 1});
  CHECK(topk(1, scores, classes({2, 1}, {2, 0})) == 1);
  CHECK(topk(1, scores, classes({2, 3}, {0, 0, 1, 1, 0, 0})) == 1);
  CHECK(topk(1, scores, floats({2}, {2, 1})) == 0.5);
  CHECK(topk(1, scores.reshaped({2, 3, 1, 1}), classes({2}, {2, 0})) == 1);
}

TEST_CASE("each position counts, with the classes last or second") {
  const Tensor last = floats({1, 2, 3}, {1, 2, 3, 9, 8, 7});
  CHECK(topk(1, last, classes({1, 2}, {2, 0})) == 1);
  const Tensor second = floats({1, 3, 2}, {1, 9, 2, 8, 3, 7});
  CHECK(topk(1, second, classes({1, 2}, {2, 0})) == 1);
  const Tensor square = floats({1, 2, 2}, {1, 2, 4, 3});
  CHECK(topk(1, square, classes({1, 2}, {1, 0})) == 1);
}

TEST_CASE("positions labelled -100 do not count") {
  const Tensor scores = floats({3, 2}, {1, 2, 1, 2, 1, 2});
  CHECK(topk(1, scores, classes({3}, {1, -100, 0})) == 0.5);
  CHECK(std::isnan(topk(1, scores, classes({3}, {-100, -100, -100}))));
}

TEST_CASE("labels that do not fit are refused") {
  const Tensor scores = floats({2, 3}, {1, 2, 3, 3, 2, 1});
  CHECK(refusal("topk", scores, classes({2}, {0, 3}))
            .find("the label 3 is not one of the output's "
                  "3 classes") != std::string::npos);
  CHECK(refusal("topk", scores, classes({2}, {0, -1})).find("-1") != std::string::npos);
  CHECK(refusal("topk", scores, floats({2}, {0, 0.5F})).find("not a class") != std::string::npos);
  const std::string shapes = refusal("topk", scores, classes({2, 2}, {0, 0, 0, 0}));
  CHECK(shapes.find("2x2") != std::string::npos);
  CHECK(shapes.find("logits of shape 2x3") != std::string::npos);
  CHECK(refusal("topk", scores, classes({1}, {0})).find("2 samples") != std::string::npos);
  CHECK(refusal("Loss", floats({2, 1}, {1, 2}), classes({2}, {0, 0})).find("two classes") !=
        std::string::npos);
  CHECK(refusal("MSE", scores, floats({2, 2}, {1, 2, 3, 4})).find("2x2") != std::string::npos);
}

TEST_CASE("Accuracy takes the highest class, or rounds outputs of the labels' shape") {
  CHECK(judged("Accuracy", floats({2, 3}, {1, 2, 3, 3, 2, 1}), classes({2}, {2, 1})) == 0.5);
  CHECK(judged("Accuracy", floats({4, 1}, {0.2F, 0.7F, 0.9F, 0.4F}), classes({4}, {0, 1, 0, 0})) ==
        0.75);
  CHECK(judged("Accuracy", classes({3}, {5, 6, 7}), classes({3}, {5, 6, 8})) ==
        doctest::Approx(2.0 / 3));
  CHECK(judged("Accuracy", floats({2, 3}, {0.9F, 0.1F, 0.8F, 0.2F, 0.7F, 0.3F}),
               classes({2, 3}, {1, 0, 0, 0, 1, 1})) == doctest::Approx(4.0 / 6));
}

TEST_CASE("F1 is that of class 1 for two classes and the mean over more") {
  const Tensor two = floats({5, 2}, {0, 1, 0, 1, 0, 1, 1, 0, 1, 0});
  CHECK(judged("F1", two, classes({5}, {1, 1, 0, 1, 0})) == doctest::Approx(2.0 / 3));
  CHECK(judged("F1", floats({5}, {0.9F, 0.8F, 0.7F, 0.1F, 0.2F}), classes({5}, {1, 1, 0, 1, 0})) ==
        doctest::Approx(2.0 / 3));
  const Tensor three = floats({4, 3}, {1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1});
  CHECK(judged("F1", three, classes({4}, {0, 1, 2, 2})) ==
        doctest::Approx((1 + 2.0 / 3 + 2.0 / 3) / 3));
  CHECK(judged("F1", floats({2, 4}, {1, 0, 0, 0, 1, 0, 0, 0}), classes({2}, {0, 1})) ==
        doctest::Approx((2.0 / 3 + 0) / 2));
  CHECK(judged("F1", two, classes({5}, {0, 0, 0, 0, 0})) == 0);
}

TEST_CASE("errors are averaged over all elements, against labels or the fp32 outputs") {
  const Tensor output = floats({2, 2}, {1, 2, 3, 4});
  const Tensor wanted = floats({2, 2}, {1, 4, 3, 0});
  CHECK(judged("MSE", output, wanted) == 5);
  CHECK(judged("MAE", output, wanted) == 1.5);
  CHECK(judged("RMSE", output, wanted) == doctest::Approx(std::sqrt(5.0)));
  CHECK(judged("MSE", floats({2, 1}, {1, 2}), classes({2}, {1, 4})) == 2);
  CHECK(compared("MSE", one(output), one(wanted)) == 5);
  CHECK(compared("RMSE", {{"a", output}, {"ids", classes({2}, {1, 2})}, {"b", output}},
                 {{"a", wanted}, {"ids", classes({2}, {3, 4})}, {"b", output}}) ==
        doctest::Approx(std::sqrt(2.5)));
}

TEST_CASE("Loss is the mean cross-entropy and perplexity its exponential") {
  const Tensor logits = floats({2, 3}, {1, 2, 3, 1, 1, 1});
  const Tensor labels = classes({2}, {2, 0});
  const double first = std::log(std::exp(-2.0) + std::exp(-1.0) + 1);
  const double expected = (first + std::log(3.0)) / 2;
  CHECK(judged("Loss", logits, labels) == doctest::Approx(expected).epsilon(1e-12));
  CHECK(judged("perplexity", logits, labels) == doctest::Approx(std::exp(expected)).epsilon(1e-12));
  CHECK(judged("Loss", floats({1, 2}, {1000, -1000}), classes({1}, {0})) == 0);
  CHECK(judged("Loss", floats({1, 2}, {1000, -1000}), classes({1}, {1})) == 2000);
  const Tensor text = floats({1, 2, 3}, {1, 2, 3, 1, 1, 1});
  CHECK(judged("Loss", text, classes({1, 2}, {2, 0})) == doctest::Approx(expected).epsilon(1e-12));
}

TEST_CASE("agreement is the share of positions with the same highest class") {
  const Outputs outputs = one(floats({3, 2}, {1, 2, 2, 1, not_a_number, 1}));
  const Outputs reference = one(floats({3, 2}, {0, 9, 0, 9, not_a_number, 1}));
  CHECK(compared("agreement", outputs, reference) == doctest::Approx(1.0 / 3));
  CHECK(compared("agreement", one(floats({1, 2, 2}, {1, 2, 2, 1})),
                 one(floats({1, 2, 2}, {1, 2, 1, 2}))) == 0.5);
}

TEST_CASE("agreement on a single score per sample is refused with what to use") {
  const Outputs outputs = one(floats({2, 1}, {1, 2}));
  CHECK(error_of([&] { compared("agreement", outputs, outputs); }).find("`sqnr`") !=
        std::string::npos);
}

TEST_CASE("cosine is the mean over the samples") {
  const Outputs outputs = one(floats({4, 2}, {1, 0, 1, 1, 0, 0, 0, 0}));
  const Outputs reference = one(floats({4, 2}, {0, 3, 2, 2, 0, 0, 1, 0}));
  CHECK(compared("cosine", outputs, reference) == doctest::Approx((0 + 1 + 1 + 0) / 4.0));
}

TEST_CASE("sqnr is the ratio of powers in decibels, at most 200") {
  CHECK(compared("sqnr", one(floats({1, 2}, {3, 3})), one(floats({1, 2}, {3, 4}))) ==
        doctest::Approx(10 * std::log10(25.0)));
  CHECK(compared("sqnr", one(floats({1, 2}, {3, 4})), one(floats({1, 2}, {3, 4}))) == 200);
  CHECK(compared("sqnr", one(floats({1, 2}, {0, 0})), one(floats({1, 2}, {0, 0}))) == 200);
  CHECK(compared("sqnr", one(floats({1, 1}, {1})), one(floats({1, 1}, {0}))) == -200);
  CHECK(
      std::isnan(compared("sqnr", one(floats({1, 1}, {not_a_number})), one(floats({1, 1}, {1})))));
}

TEST_CASE("a metric that lacks labels or outputs to compare with says so") {
  Metric metric({"topk", {{"k", 1}}});
  const Outputs outputs = one(floats({1, 2}, {1, 2}));
  CHECK(error_of([&] { metric.add(outputs, nullptr, nullptr, 1); }).find("`agreement`") !=
        std::string::npos);
  Metric cosine({"cosine", json::object()});
  CHECK(error_of([&] { cosine.add(outputs, nullptr, nullptr, 1); }).find("fp32") !=
        std::string::npos);
}

TEST_CASE("a metric of nothing is not a number") {
  for (const std::string& name : all_metrics) CHECK(std::isnan(Metric({name, json()}).value()));
}

TEST_CASE("padding is not counted") {
  Metric metric({"topk", {{"k", 1}}});
  const Tensor labels = classes({2}, {1, 0});
  metric.add(one(floats({4, 2}, {1, 2, 1, 2, 1, 2, 1, 2})), &labels, nullptr, 2);
  CHECK(metric.value() == 0.5);
}

TEST_CASE("the value does not depend on batches, nor on being stored between them") {
  constexpr std::int64_t samples = 12;
  std::vector<float> outputs;
  std::vector<float> reference;
  std::vector<std::int64_t> labels;
  for (int i = 0; i < samples * 3; ++i) {
    outputs.push_back(std::sin(static_cast<float>(i)));
    reference.push_back(std::sin(static_cast<float>(i) * 1.01F));
  }
  for (int i = 0; i < samples; ++i) labels.push_back(i % 3);
  const auto value = [&](const std::string& name, std::int64_t batch, bool is_stored) {
    const json parameters{{"k", 1}, {"compare_label", false}};
    Metric metric({name, parameters});
    for (std::int64_t first = 0; first < samples; first += batch) {
      const auto part = [&](const std::vector<float>& all) {
        const Tensor rows =
            floats({batch, 3}, {all.begin() + first * 3, all.begin() + (first + batch) * 3});
        return Outputs{{"a", rows}, {"b", rows}};
      };
      const Outputs expected = part(reference);
      const Tensor wanted =
          classes({batch}, {labels.begin() + first, labels.begin() + first + batch});
      metric.add(part(outputs), &wanted, &expected, batch);
      if (!is_stored) continue;
      Metric next({name, parameters});
      next.restore(json::parse(metric.state().dump()));
      metric = std::move(next);
    }
    return metric.value();
  };
  for (const std::string& name : all_metrics) {
    CAPTURE(name);
    const double whole = value(name, samples, false);
    CHECK(std::isfinite(whole));
    for (const std::int64_t batch : {1, 3, 4, 6}) {
      CHECK(value(name, batch, false) == whole);
      CHECK(value(name, batch, true) == whole);
    }
  }
}

TEST_CASE("a stored sum that is not a number stays so") {
  Metric metric({"Loss", json::object()});
  const Tensor labels = classes({1}, {0});
  metric.add(one(floats({1, 2}, {not_a_number, 1})), &labels, nullptr, 1);
  Metric restored({"Loss", json::object()});
  restored.restore(json::parse(metric.state().dump()));
  CHECK(std::isnan(restored.value()));
}

TEST_CASE("a state that the metric never gives is refused") {
  for (const char* text :
       {"[]", "{}", "null", R"({"counts": 1, "totals": []})", R"({"counts": [1], "totals": []})",
        R"({"counts": [1, -1], "totals": []})", R"({"counts": [1, 1.5], "totals": []})",
        R"({"counts": [1, 2], "totals": ["1"]})", R"({"counts": [1, "2"], "totals": []})",
        R"({"counts": [1, 18446744073709551615], "totals": []})"}) {
    CAPTURE(text);
    Metric metric({"topk", {{"k", 1}}});
    CHECK_THROWS_AS(metric.restore(json::parse(text)), ampd::Error);
  }
  Metric loss({"Loss", json::object()});
  CHECK_THROWS_AS(loss.restore(json::parse(R"({"counts": [1], "totals": ["x"]})")), ampd::Error);
  CHECK_THROWS_AS(loss.restore(json::parse(R"({"counts": [1], "totals": [1.0]})")), ampd::Error);
  Metric f1({"F1", json::object()});
  CHECK_THROWS_AS(f1.restore(json::parse(R"({"counts": [1, 2], "totals": []})")), ampd::Error);
}

TEST_CASE("no rest of the samples leads beyond the best possible value") {
  std::mt19937 numbers(7);
  constexpr std::int64_t samples = 12;
  constexpr std::int64_t class_count = 3;
  int bounded = 0;
  for (const std::string& name : all_metrics) {
    const bool lower_is_better =
        name == "Loss" || name == "perplexity" || name == "MSE" || name == "MAE" || name == "RMSE";
    const bool compares_numbers = name == "MSE" || name == "MAE" || name == "RMSE";
    for (int round = 0; round < 50; ++round) {
      CAPTURE(name);
      Metric metric({name, {{"k", 1}, {"compare_label", compares_numbers}}});
      std::vector<double> possible;
      for (std::int64_t sample = 0; sample < samples; ++sample) {
        std::vector<float> scores;
        std::vector<float> wanted;
        for (std::int64_t i = 0; i < class_count; ++i) {
          scores.push_back(static_cast<float>(numbers() % 7));
          wanted.push_back(static_cast<float>(numbers() % 7));
        }
        const std::int64_t label = numbers() % 5 == 0 ? -100 : numbers() % class_count;
        const Outputs reference = one(floats({1, class_count}, wanted));
        const Tensor labels = compares_numbers ? floats({1, class_count}, wanted)
                              : name == "F1"   ? classes({1}, {std::max<std::int64_t>(label, 0)})
                                               : classes({1}, {label});
        metric.add(one(floats({1, class_count}, scores)), &labels, &reference, 1);
        if (const auto best = metric.best_possible(samples - sample - 1)) possible.push_back(*best);
      }
      for (const double best : possible) {
        CHECK(lower_is_better ? metric.value() >= best : metric.value() <= best);
      }
      bounded += static_cast<int>(possible.size());
      const bool is_bounded = name != "F1" && name != "sqnr";
      CHECK(possible.empty() == !is_bounded);
    }
  }
  CHECK(bounded > 9 * 50 * 10);
}
