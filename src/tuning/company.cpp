#include "tuning/company.hpp"

#include <algorithm>

namespace ampd::tuning {
namespace {

/// Reused trials among the next ones, for which others take the place.
constexpr std::size_t reused_max = 4;

std::ptrdiff_t as_distance(std::size_t count) {
  return static_cast<std::ptrdiff_t>(count);
}

}  // namespace

std::vector<Proposal> next_company(const Search& search, std::int64_t trials_max,
                                   const IsKnown& is_known) {
  const auto size_max = static_cast<std::size_t>(std::max<std::int64_t>(trials_max, 1));
  std::vector<Proposal> company = search.upcoming(size_max + reused_max);
  const Stage stage = company.front().stage;
  std::erase_if(company, [&](const Proposal& proposal) {
    return proposal.stage != stage || proposal.reused_from || (is_known && is_known(proposal));
  });
  const auto end = company.begin() + as_distance(std::min(company.size(), size_max));
  company.erase(end, company.end());
  return company;
}

std::vector<Proposal> company_of(const Search& search,
                                 const std::vector<std::string>& config_digests,
                                 const IsKnown& is_known) {
  std::vector<Proposal> company = next_company(search, std::ssize(config_digests), is_known);
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
  double cost = 2 + 4 * static_cast<double>(behind);
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
