#include "ampd/tuning_space.hpp"

#include <algorithm>

namespace ampd {

bool TuningSpace::is_free(std::size_t index) const {
  const TunableOp& op = ops.at(index);
  return !op.pinned && target != Precision::fp32 &&
         std::find(op.precisions.begin(), op.precisions.end(), target) != op.precisions.end();
}

}  // namespace ampd
