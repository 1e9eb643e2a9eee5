#include "library/replay.hpp"

#include <optional>
#include <string>

#include "ampd/error.hpp"

namespace ampd::library {
namespace {

using tuning::Proposal;
using tuning::Search;
using tuning::Trial;

[[noreturn]] void diverged(const std::string& what) {
  throw Error(ErrorCode::divergence,
              "the dicts do not fit this tuning: " + what + "; begin without dicts");
}

}  // namespace

void replay(const Dicts& dicts, const Ground& ground, Search& search) {
  if (dicts == Dicts{}) return;
  if (dicts.strategy_version != tuning::strategy_version) {
    diverged("they stem from version " + std::to_string(dicts.strategy_version) +
             " of the strategy, and this is version " + std::to_string(tuning::strategy_version));
  }
  if (dicts.space_digest != digest(search.space())) {
    diverged("they stem from another tuning space: another model, machine or constraint");
  }
  if (dicts.model_digest != ground.model_digest) diverged("they stem from another model");
  if (dicts.fingerprint != ground.fingerprint) {
    diverged("they were evaluated on \"" + dicts.fingerprint + "\", and this is \"" +
             ground.fingerprint + "\"");
  }
  for (std::size_t i = 0; i < dicts.trials.size(); ++i) {
    const std::optional<Proposal> proposal = search.next();
    if (!proposal) {
      diverged("they hold " + std::to_string(dicts.trials.size()) +
               " evaluations, and under this conf the tuning ends after " + std::to_string(i));
    }
    if (digest(search.space(), proposal->config) != dicts.trials[i].config_digest) {
      diverged("their evaluation number " + std::to_string(i) + " is of another config");
    }
    search.record(dicts.trials[i].outcome);
    settle_reused(search);
  }
}

Dicts dicts_of(const Search& search, const Ground& ground) {
  Dicts dicts;
  dicts.strategy_version = tuning::strategy_version;
  dicts.space_digest = digest(search.space());
  dicts.model_digest = ground.model_digest;
  dicts.fingerprint = ground.fingerprint;
  for (const Trial& trial : search.trials()) {
    if (trial.proposal.reused_from) continue;
    dicts.trials.push_back({digest(search.space(), trial.proposal.config), trial.outcome});
  }
  return dicts;
}

void settle_reused(Search& search) {
  while (const std::optional<Proposal> proposal = search.next()) {
    if (!proposal->reused_from) return;
    search.record(search.trials().at(static_cast<std::size_t>(*proposal->reused_from)).outcome);
  }
}

}  // namespace ampd::library
