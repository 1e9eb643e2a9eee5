#include <algorithm>
#include <array>
#include <cmath>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"

namespace ampd::engine {
namespace {

using tensor::Shape;
using tensor::Tensor;

/// Scores seen as batch x classes x pixels.
struct Scores {
  std::int64_t batch;
  std::int64_t classes;
  std::int64_t pixels;
};

Scores scores_of(const Shape& shape) {
  Scores scores{shape[0], shape[1], 1};
  for (std::size_t axis = 2; axis < shape.size(); ++axis) scores.pixels *= shape[axis];
  return scores;
}

/// The weighed negative of each target's log-probability, and the weights' sum for a mean.
struct Losses {
  std::vector<double> each;
  double weight = 0;
};

template <class T>
Losses losses_of(KernelCall& call, const std::vector<double>& logs, const Scores& scores) {
  const std::vector<std::int64_t> targets = call.integers(1);
  const Tensor* weights = call.optional_input(2);
  if (weights != nullptr && weights->size() != scores.classes)
    call.fail("needs a weight per class");
  const bool ignores = call.attributes().has("ignore_index");
  const std::int64_t ignored = call.attributes().integer("ignore_index", 0);
  Losses losses;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (ignores && targets[i] == ignored) {
      losses.each.push_back(0);
      continue;
    }
    if (targets[i] < 0 || targets[i] >= scores.classes) {
      call.fail("has the target " + std::to_string(targets[i]) + " among " +
                std::to_string(scores.classes) + " classes");
    }
    const auto place = static_cast<std::int64_t>(i);
    const std::int64_t at = (place / scores.pixels * scores.classes + targets[i]) * scores.pixels +
                            place % scores.pixels;
    const double weight =
        weights != nullptr
            ? static_cast<double>(weights->values<T>()[static_cast<std::size_t>(targets[i])])
            : 1;
    losses.weight += weight;
    losses.each.push_back(-weight * logs[static_cast<std::size_t>(at)]);
  }
  return losses;
}

template <class T>
void store(KernelCall& call, const Losses& losses) {
  const std::string reduction = call.attributes().text("reduction", "mean");
  const auto to = call.output(0).mutable_values<T>();
  if (reduction == "none") {
    std::ranges::transform(losses.each, to.begin(), [](double x) { return static_cast<T>(x); });
    return;
  }
  double sum = 0;
  for (const double each : losses.each) sum += each;
  to[0] = static_cast<T>(reduction == "sum" ? sum : sum / losses.weight);
}

template <class T>
std::vector<double> log_softmax(const Tensor& input, const Scores& scores) {
  const auto from = input.values<T>();
  std::vector<double> logs(from.size());
  for (std::int64_t k = 0; k < scores.batch * scores.pixels; ++k) {
    const std::int64_t start =
        k / scores.pixels * scores.classes * scores.pixels + k % scores.pixels;
    const auto at = [&](std::int64_t c) {
      return static_cast<std::size_t>(start + c * scores.pixels);
    };
    double largest = -std::numeric_limits<double>::infinity();
    for (std::int64_t c = 0; c < scores.classes; ++c) {
      largest = std::max(largest, static_cast<double>(from[at(c)]));
    }
    double sum = 0;
    for (std::int64_t c = 0; c < scores.classes; ++c) {
      sum += std::exp(static_cast<double>(from[at(c)]) - largest);
    }
    for (std::int64_t c = 0; c < scores.classes; ++c) {
      logs[at(c)] = static_cast<double>(from[at(c)]) - largest - std::log(sum);
    }
  }
  return logs;
}

bool run_likelihood(KernelCall& call) {
  const Scores scores = scores_of(call.input(0).shape());
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const auto from = call.input(0).values<T>();
    store<T>(call, losses_of<T>(call, {from.begin(), from.end()}, scores));
  });
}

bool run_cross_entropy(KernelCall& call) {
  const Scores scores = scores_of(call.input(0).shape());
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const std::vector<double> logs = log_softmax<T>(call.input(0), scores);
    store<T>(call, losses_of<T>(call, logs, scores));
    if (!call.has_output(1)) return;
    std::ranges::transform(logs, call.output(1).mutable_values<T>().begin(),
                           [](double x) { return static_cast<T>(x); });
  });
}

constexpr std::array kernels{
    Kernel{"NegativeLogLikelihoodLoss", Kernel::Kind::computes, run_likelihood},
    Kernel{"SoftmaxCrossEntropyLoss", Kernel::Kind::computes, run_cross_entropy},
};

}  // namespace

std::span<const Kernel> loss_kernels() {
  return kernels;
}

}  // namespace ampd::engine
