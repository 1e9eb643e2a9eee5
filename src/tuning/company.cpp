#include "tuning/company.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace ampd::tuning {
namespace {

/// Reused trials among the next ones, for which others take the place.
constexpr std::size_t reused_max = 4;
constexpr double trials_to_goal_max = 100;

const Outcome* known_outcome(const Search& search, const Proposal& proposal,
                             const KnownOutcome& known) {
  if (!proposal.reused_from) return known ? known(proposal) : nullptr;
  const auto earlier = static_cast<std::size_t>(*proposal.reused_from);
  return earlier < search.trials().size() ? &search.trials()[earlier].outcome : nullptr;
}

/// How many trials it is likely to take to one that meets the goal and so ends the search.
double trials_to_goal(const Search& search) {
  if (search.stage() > Stage::incremental || search.trials().size() < 2) return 1;
  if (search.settings().exit_policy.timeout_seconds > 0) return trials_to_goal_max;
  const Outcome& model_wise = search.trials()[1].outcome;
  const std::optional<double> baseline = search.baseline_accuracy();
  if (!baseline || model_wise.state != TrialState::done) return 1;
  const double lost = std::abs(*baseline - model_wise.accuracy);
  const double left = std::abs(*baseline - *search.target_accuracy());
  const AccuracyCriterion& criterion = search.settings().criterion;
  const bool is_below_baseline = criterion.is_better(*baseline, *search.target_accuracy());
  return is_below_baseline ? std::clamp(lost / left, 1.0, trials_to_goal_max) : trials_to_goal_max;
}

}  // namespace

std::vector<Proposal> next_company(const Search& search, std::int64_t trials_max,
                                   const KnownOutcome& known) {
  const auto size_max = static_cast<std::size_t>(std::max<std::int64_t>(trials_max, 1));
  std::vector<Proposal> company;
  for (Proposal& proposal : search.upcoming(size_max + reused_max)) {
    const bool is_of_stage = company.empty() || proposal.stage == company.front().stage;
    if (company.size() == size_max || !is_of_stage) break;
    const Outcome* outcome = known_outcome(search, proposal, known);
    if (outcome != nullptr && search.turns_with(proposal.config, *outcome)) break;
    if (outcome == nullptr && !proposal.reused_from) company.push_back(std::move(proposal));
  }
  return company;
}

std::vector<Proposal> company_of(const Search& search,
                                 const std::vector<std::string>& config_digests,
                                 const KnownOutcome& known) {
  std::vector<Proposal> company = next_company(search, std::ssize(config_digests), known);
  const std::vector<std::string> digests = digests_of(search, company);
  const auto end = std::ranges::mismatch(digests, config_digests).in1;
  company.erase(company.begin() + std::max<std::ptrdiff_t>(end - digests.begin(), 1),
                company.end());
  return company;
}

std::vector<std::string> digests_of(const Search& search, const std::vector<Proposal>& company) {
  std::vector<std::string> digests;
  for (const Proposal& proposal : company) {
    digests.push_back(digest(search.space(), proposal.config));
  }
  return digests;
}

double cost_max(const Search& search) {
  const Stage stage = search.stage();
  std::int64_t behind = 0;
  for (const Trial& trial : search.trials()) {
    if (trial.proposal.stage != stage || trial.proposal.reused_from) continue;
    const bool turned = stage == Stage::refine && trial.meets_goal;
    behind = turned ? 0 : behind + 1;
  }
  double cost = (2 + 4 * static_cast<double>(behind)) * trials_to_goal(search);
  const double timeout_seconds = search.settings().exit_policy.timeout_seconds;
  if (timeout_seconds > 0 && search.seconds_used() > 0) {
    const double seconds_of_trial =
        search.seconds_used() / static_cast<double>(search.trials().size());
    const double seconds_left = timeout_seconds - search.seconds_used();
    cost = std::min(cost, seconds_left / 2 / seconds_of_trial);
  }
  return std::max(cost, 1.0);
}

}  // namespace ampd::tuning
