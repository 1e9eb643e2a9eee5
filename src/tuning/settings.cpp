#include "ampd/settings.hpp"

#include <cmath>

namespace ampd {

double AccuracyCriterion::target(double baseline) const {
  const double loss = relative ? tolerance * std::abs(baseline) : tolerance;
  return higher_is_better ? baseline - loss : baseline + loss;
}

bool AccuracyCriterion::is_met(double accuracy, double baseline) const {
  return higher_is_better ? accuracy >= target(baseline) : accuracy <= target(baseline);
}

std::string_view to_string(Objective objective) {
  switch (objective) {
    case Objective::performance:
      return "performance";
    case Objective::modelsize:
      return "modelsize";
    case Objective::footprint:
      return "footprint";
    case Objective::accuracy:
      return "accuracy";
  }
  return "performance";
}

std::optional<Objective> parse_objective(std::string_view word) {
  for (const Objective objective :
       {Objective::performance, Objective::modelsize, Objective::footprint, Objective::accuracy}) {
    if (to_string(objective) == word) return objective;
  }
  return std::nullopt;
}

}  // namespace ampd
