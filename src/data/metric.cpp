#include "data/metric.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "ampd/error.hpp"
#include "data/metric_kinds.hpp"

namespace ampd::data {
namespace {

std::string to_text(double number) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.begin(), text.end(), number, std::chars_format::hex).ptr;
  return {text.begin(), end};
}

[[noreturn]] void refuse_state() {
  throw Error(ErrorCode::corrupt,
              "the stored state of a metric is damaged; the evaluation must begin again");
}

double to_number(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number, std::chars_format::hex);
  if (failure != std::errc() || rest != end) refuse_state();
  return number;
}

/// Labels that do not count are among them.
std::int64_t labels_per_sample(const tensor::Tensor* labels) {
  if (labels == nullptr || labels->shape().empty() || labels->shape().front() == 0) return 0;
  return tensor::element_count(labels->shape()) / labels->shape().front();
}

}  // namespace

Metric::Metric(const job::Component& component)
    : kind_(&metric_kind(component.name)), parameters_(component.parameters) {
  sums_ = {std::vector<std::int64_t>(kind_->counts), std::vector<double>(kind_->totals)};
}

void Metric::add(const Outputs& outputs, const tensor::Tensor* labels, const Outputs* reference,
                 std::int64_t samples) {
  const std::int64_t counted = kind_->bound == Bound::none ? 0 : sums_.counts[kind_->counted];
  kind_->add({.metric = kind_->name,
              .parameters = parameters_,
              .outputs = outputs,
              .labels = labels,
              .reference = reference,
              .samples = samples},
             sums_);
  if (kind_->bound == Bound::none || samples == 0) return;
  const std::int64_t judged = (sums_.counts[kind_->counted] - counted + samples - 1) / samples;
  counts_per_sample_ = std::max({counts_per_sample_, judged, labels_per_sample(labels)});
}

std::optional<double> Metric::best_possible(std::int64_t samples) const {
  if (kind_->bound == Bound::none || counts_per_sample_ == 0) return std::nullopt;
  const std::int64_t more = samples * counts_per_sample_;
  Sums sums = sums_;
  sums.counts[kind_->counted] += more;
  if (kind_->bound == Bound::hits) sums.counts[0] += more;
  if (kind_->bound == Bound::ones) sums.totals[0] += static_cast<double>(more);
  if (sums.counts[kind_->counted] == 0) return std::nullopt;
  return kind_->value(sums);
}

double Metric::value() const {
  const bool is_empty = std::ranges::all_of(sums_.counts, [](auto count) { return count == 0; });
  return is_empty ? std::numeric_limits<double>::quiet_NaN() : kind_->value(sums_);
}

nlohmann::json Metric::state() const {
  nlohmann::json totals = nlohmann::json::array();
  for (const double total : sums_.totals) totals.push_back(to_text(total));
  return {{"counts", sums_.counts}, {"totals", totals}};
}

void Metric::restore(const nlohmann::json& state) {
  if (!state.is_object() || !state.contains("counts") || !state.contains("totals")) refuse_state();
  Sums sums;
  if (!state["counts"].is_array() || !state["totals"].is_array()) refuse_state();
  for (const nlohmann::json& count : state["counts"]) {
    if (!count.is_number_integer() || count.get<std::int64_t>() < 0) refuse_state();
    sums.counts.push_back(count);
  }
  for (const nlohmann::json& total : state["totals"]) {
    if (!total.is_string()) refuse_state();
    sums.totals.push_back(to_number(total));
  }
  const bool has_counts = kind_->counts == 0 ? sums.counts.size() % f1_counts_per_class == 0
                                             : sums.counts.size() == kind_->counts;
  if (!has_counts || sums.totals.size() != kind_->totals) refuse_state();
  sums_ = std::move(sums);
}

}  // namespace ampd::data
