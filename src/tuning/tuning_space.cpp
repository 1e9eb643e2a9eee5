#include "ampd/tuning_space.hpp"

#include <algorithm>

#include "base/digest.hpp"

namespace ampd {

bool TuningSpace::is_free(std::size_t index) const {
  const TunableOp& op = ops.at(index);
  return !op.pinned && target != Precision::fp32 &&
         std::find(op.precisions.begin(), op.precisions.end(), target) != op.precisions.end();
}

std::string digest(const TuningSpace& space) {
  base::Digest digest;
  const auto add = [&](const std::string& text) {
    digest.add(std::to_string(text.size()) + ":" + text);
  };
  add(std::string(to_string(space.target)) + " " + std::to_string(space.other_weight_count));
  for (const TunableOp& op : space.ops) {
    add(op.name);
    add(op.type);
    std::string offered;
    for (const Precision precision : op.precisions)
      offered += std::string(to_string(precision)) + " ";
    add(offered);
    add(op.pinned ? std::string(to_string(*op.pinned)) : "free");
    add(std::to_string(op.weight_count));
  }
  return digest.finish();
}

}  // namespace ampd
