#include "evaluation/round_runner.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/memory_size.hpp"

namespace ampd::evaluation {

void RoundRunner::begin(std::vector<std::size_t> running, std::unique_ptr<MergedPrograms> merged) {
  running_ = std::move(running);
  merged_ = std::move(merged);
}

void RoundRunner::choose_running(const Pass& pass) {
  // A program is not made anew for a few members less.
  std::vector<std::size_t> live = pass.live();
  if (2 * live.size() > running_.size() && !running_.empty()) return;
  running_ = std::move(live);
  merged_ = nullptr;
  if (running_.size() == 1) return;
  std::vector<Precisions> configs;
  for (const std::size_t place : running_) configs.push_back(pass.members[place].precisions);
  merged_ = std::make_unique<MergedPrograms>(model_, std::move(configs));
}

RoundRunner::Programs RoundRunner::prepare(const Pass& pass, const Shapes& shapes,
                                           bool wants_baseline) {
  choose_running(pass);
  Programs programs;
  if (merged_) {
    merged_->prepare(shapes);
  } else {
    programs.alone = model_.program(shapes, pass.members[running_.front()].precisions);
  }
  if (!wants_baseline) return programs;
  const auto member = std::ranges::find_if(running_, [&](std::size_t place) {
    return without_fp32(pass.members[place].precisions).empty();
  });
  if (member == running_.end()) {
    programs.baseline = model_.program(shapes, {});
  } else {
    programs.baseline_place = static_cast<std::size_t>(member - running_.begin());
  }
  return programs;
}

BatchResult RoundRunner::run(const Programs& programs, const Tensors& inputs, bool wants_reference,
                             std::size_t lane) const {
  BatchResult result;
  try {
    result.outputs = merged_ ? merged_->run(inputs, lane) : programs.alone->run(inputs, lane);
    if (wants_reference && programs.baseline) {
      result.reference = programs.baseline->run(inputs, lane);
    } else if (wants_reference) {
      const std::size_t count = result.outputs.size() / running_.size();
      const auto all = std::span(result.outputs).subspan(*programs.baseline_place * count, count);
      result.reference.assign(all.begin(), all.end());
    }
  } catch (...) {
    result.error = std::current_exception();
  }
  return result;
}

std::vector<BatchResult> RoundRunner::run(Pass& pass, std::span<const data::Batch> batches,
                                          const std::vector<bool>& wants_reference,
                                          std::int64_t memory_bytes_max) {
  const bool wants_baseline = std::ranges::find(wants_reference, true) != wants_reference.end();
  const Programs programs = prepare(pass, shapes_of(batches.front().inputs), wants_baseline);
  const std::size_t at_once = affordable_lanes(programs, memory_bytes_max);
  std::vector<BatchResult> results(batches.size());
  std::atomic<std::size_t> next{0};
  lanes_.run([&](std::size_t lane) {
    if (lane >= at_once) return;
    for (std::size_t i = next++; i < batches.size(); i = next++) {
      results[i] = run(programs, batches[i].inputs, wants_reference[i], lane);
    }
  });
  note_footprints(pass, programs);
  return results;
}

void RoundRunner::note_footprints(Pass& pass, const Programs& programs) {
  for (std::size_t i = 0; i < running_.size(); ++i) {
    std::int64_t& bytes = pass.members[running_[i]].footprint_bytes;
    bytes =
        std::max(bytes, merged_ ? merged_->footprint_bytes(i) : programs.alone->footprint_bytes());
  }
}

std::size_t RoundRunner::affordable_lanes(const Programs& programs,
                                          std::int64_t memory_bytes_max) const {
  std::int64_t lane_bytes = merged_ ? merged_->arena_bytes() : programs.alone->arena_bytes();
  std::int64_t held_bytes = merged_ ? merged_->held_bytes() : programs.alone->held_bytes();
  if (programs.baseline) {
    lane_bytes += programs.baseline->arena_bytes();
    held_bytes += programs.baseline->held_bytes();
  }
  const auto wanted = static_cast<std::int64_t>(lanes());
  if (wanted == 1 || lane_bytes * wanted <= held_bytes) return lanes();
  const std::int64_t bytes_left = memory_bytes_max - (base::resident_bytes() - held_bytes);
  return static_cast<std::size_t>(std::clamp<std::int64_t>(bytes_left / lane_bytes, 1, wanted));
}

}  // namespace ampd::evaluation
