#include "engine/memory_plan.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>

#include "base/check.hpp"

namespace ampd::engine {
namespace {

constexpr std::int64_t alignment_bytes = 64;

class Planner {
 public:
  Planner(std::deque<StoredValue>& values, std::vector<Step>& steps,
          std::vector<ValueIndex>& outputs)
      : values_(values), steps_(steps), outputs_(outputs) {}

  MemoryPlan run() {
    drop_unread_steps();
    separate_outputs();
    share_bytes();
    return place();
  }

 private:
  const StoredValue& value(ValueIndex index) const {
    return values_[static_cast<std::size_t>(index)];
  }

  /// The value whose bytes these are.
  ValueIndex base(ValueIndex index) const {
    const StoredValue& stored = value(index);
    return stored.origin == StoredValue::Origin::view ? stored.base : index;
  }

  bool covers_base(ValueIndex index) const {
    return value(index).offset_bytes == 0 &&
           value(index).layout.bytes() == value(base(index)).layout.bytes();
  }

  void drop_unread_steps() {
    std::vector<bool> is_read(values_.size(), false);
    const auto read = [&](ValueIndex index) {
      is_read[static_cast<std::size_t>(base(index))] = true;
    };
    for (const ValueIndex output : outputs_) read(output);
    std::vector<Step> kept;
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      const bool is_needed =
          std::any_of(step->outputs.begin(), step->outputs.end(),
                      [&](ValueIndex index) { return is_read[static_cast<std::size_t>(index)]; });
      if (!is_needed) continue;
      for (const ValueIndex input : step->inputs) read(input);
      kept.push_back(std::move(*step));
    }
    std::reverse(kept.begin(), kept.end());
    steps_ = std::move(kept);
  }

  ValueIndex add_copy(std::vector<Step>& steps, ValueIndex from, const std::string& op) {
    StoredValue copy{.name = value(from).name, .layout = value(from).layout};
    const auto bytes = static_cast<std::size_t>(copy.layout.bytes());
    const auto made = static_cast<ValueIndex>(values_.size());
    Step step;
    step.op = op;
    step.type = "reorder";
    step.implementation = "copy";
    step.inputs = {from};
    step.outputs = {made};
    step.source = step.weights = step.destination = copy.layout.dtype();
    step.call = LoopCall{[bytes](auto inputs, auto outputs) {
      if (bytes > 0) std::memcpy(outputs[0], inputs[0], bytes);
    }};
    values_.push_back(std::move(copy));
    steps.push_back(std::move(step));
    return made;
  }

  /// The caller gets bytes that a step wrote and that are nobody else's.
  void separate_outputs() {
    std::set<ValueIndex> taken;
    for (ValueIndex& output : outputs_) {
      const bool is_own = value(base(output)).origin == StoredValue::Origin::step &&
                          covers_base(output) && taken.insert(base(output)).second;
      if (is_own) continue;
      output = add_copy(steps_, output, value(output).name);
      taken.insert(output);
    }
  }

  /// Which values lie in the same bytes: each set is known by its last made value.
  ValueIndex owner(ValueIndex index) const {
    index = base(index);
    while (owners_[static_cast<std::size_t>(index)] != index) {
      index = owners_[static_cast<std::size_t>(index)];
    }
    return index;
  }

  void share_bytes() {
    find_last_reads();
    owners_.resize(values_.size());
    std::iota(owners_.begin(), owners_.end(), 0);
    std::vector<Step> result;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      Step& step = steps_[i];
      if (step.overwrites && !take_over(step, i, *step.overwrites)) {
        const std::string name = step.op;
        const ValueIndex copy = add_copy(result, step.inputs[*step.overwrites], name);
        owners_.push_back(step.outputs[0]);
        step.inputs[*step.overwrites] = copy;
      } else if (!step.overwrites && step.may_replace) {
        take_over(step, i, 0);
      }
      result.push_back(std::move(step));
    }
    steps_ = std::move(result);
  }

  void find_last_reads() {
    last_reads_.assign(values_.size(), 0);
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      for (const ValueIndex input : steps_[i].inputs) {
        last_reads_[static_cast<std::size_t>(base(input))] = i;
      }
    }
    for (const ValueIndex output : outputs_) {
      last_reads_[static_cast<std::size_t>(base(output))] = steps_.size();
    }
  }

  /// Lets the step's result take the bytes of an input, if nobody else needs these.
  bool take_over(const Step& step, std::size_t at, std::size_t slot) {
    const ValueIndex input = step.inputs[slot];
    const ValueIndex made = step.outputs[0];
    const ValueIndex owned = owner(input);
    if (value(base(input)).origin != StoredValue::Origin::step || !covers_base(input) ||
        value(input).layout.bytes() != value(made).layout.bytes()) {
      return false;
    }
    for (std::size_t other = 0; other < step.inputs.size(); ++other) {
      if (other != slot && owner(step.inputs[other]) == owned) return false;
    }
    if (last_reads_[static_cast<std::size_t>(owned)] > at) return false;
    owners_[static_cast<std::size_t>(owned)] = made;
    return true;
  }

  MemoryPlan place() {
    constexpr std::size_t no_life = static_cast<std::size_t>(-1);
    MemoryPlan plan;
    plan.places.resize(values_.size());
    std::vector<std::size_t> life_of(values_.size(), no_life);
    std::vector<Life> lives;
    for (std::size_t k = 0; k < outputs_.size(); ++k) {
      plan.places[static_cast<std::size_t>(owner(outputs_[k]))] = {Place::Region::output, k, 0};
    }
    const auto touch = [&](ValueIndex index, std::size_t step) {
      const ValueIndex own = owner(index);
      const StoredValue& stored = value(own);
      Place& place = plan.places[static_cast<std::size_t>(own)];
      if (stored.origin == StoredValue::Origin::input) {
        place = {Place::Region::input, stored.input, 0};
      } else if (stored.origin == StoredValue::Origin::constant) {
        place.region = Place::Region::constant;
      } else if (place.region != Place::Region::output) {
        place.region = Place::Region::arena;
        std::size_t& life = life_of[static_cast<std::size_t>(own)];
        if (life == no_life) {
          life = lives.size();
          lives.push_back({stored.layout.bytes(), step, step});
        }
        lives[life].last_step = step;
      }
    };
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      for (const ValueIndex input : steps_[i].inputs) touch(input, i);
      for (const ValueIndex output : steps_[i].outputs) touch(output, i);
    }
    const Arena arena = arrange(lives);
    plan.arena_bytes = arena.bytes;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (life_of[i] != no_life) plan.places[i].offset_bytes = arena.offsets[life_of[i]];
    }
    spread(plan);
    return plan;
  }

  /// From owners to all values that lie in their bytes.
  void spread(MemoryPlan& plan) const {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const auto index = static_cast<ValueIndex>(i);
      const ValueIndex own = owner(index);
      if (own == index) continue;
      plan.places[i] = plan.places[static_cast<std::size_t>(own)];
      plan.places[i].offset_bytes += value(index).offset_bytes;
    }
  }

  std::deque<StoredValue>& values_;
  std::vector<Step>& steps_;
  std::vector<ValueIndex>& outputs_;
  std::vector<std::size_t> last_reads_;  // by base value, in the order before copies are added
  std::vector<ValueIndex> owners_;
};

}  // namespace

Arena arrange(const std::vector<Life>& lives) {
  Arena arena;
  arena.offsets.resize(lives.size());
  std::vector<std::size_t> order(lives.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return lives[a].bytes > lives[b].bytes; });
  const auto size = [&](std::size_t i) {
    return (lives[i].bytes + alignment_bytes - 1) / alignment_bytes * alignment_bytes;
  };
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t i : order) {
    std::int64_t offset = 0;
    for (const std::size_t other : placed) {
      const bool overlaps = lives[other].first_step <= lives[i].last_step &&
                            lives[i].first_step <= lives[other].last_step;
      if (!overlaps) continue;
      if (arena.offsets[other] >= offset + size(i)) break;
      offset = std::max(offset, arena.offsets[other] + size(other));
    }
    arena.offsets[i] = offset;
    arena.bytes = std::max(arena.bytes, offset + size(i));
    const auto after = std::find_if(placed.begin(), placed.end(), [&](std::size_t other) {
      return arena.offsets[other] > offset;
    });
    placed.insert(after, i);
  }
  return arena;
}

MemoryPlan plan_memory(std::deque<StoredValue>& values, std::vector<Step>& steps,
                       std::vector<ValueIndex>& outputs) {
  return Planner(values, steps, outputs).run();
}

}  // namespace ampd::engine
