#include "job/unoffered_precision.hpp"

namespace ampd::job {

std::string why_not_offered(Precision precision) {
  const std::string word(to_string(precision));
  return "no operator can be tuned to " + word +
         (precision == Precision::fp16 ? ": oneDNN has no kernel that computes in it on this CPU"
                                       : ": it needs calibrated scales, which ampd does not make");
}

}  // namespace ampd::job
