// Histories that an earlier build wrote down, made anew: whoever changes what the search proposes
// or concludes from the same outcomes must raise `strategy_version` and add a file for it.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "tuning/search.hpp"
#include "tuning/spaces.hpp"

using namespace ampd;
using namespace ampd::tuning;

namespace {

const std::string path =
    AMPD_PROJECT_ROOT "/tests/golden/strategy_" + std::to_string(strategy_version) + ".txt";

/// The same numbers everywhere and for ever. Source: splitmix64, Steele, Lea and Flood (2014).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

Outcome outcome_of(std::uint64_t seed, const Proposal& proposal) {
  const std::uint64_t chance = mixed(seed * 1000 + static_cast<std::uint64_t>(proposal.seq));
  if (proposal.seq > 0 && chance % 16 == 0) return failed();
  Outcome outcome = done(2 + static_cast<double>(chance % 7) / 8);
  if (proposal.seq == 0) outcome.accuracy = 2.5;
  if (proposal.seq > 0 && chance % 16 == 1) {
    outcome.state = TrialState::invalid;
    outcome.accuracy = 0;
  }
  outcome.latency_ns = 1000 + static_cast<std::int64_t>(chance % 5);
  outcome.speedup = Speedup{1 + static_cast<double>(chance % 3) / 4, 0.9, 1.6};
  outcome.model_bytes = static_cast<std::int64_t>(chance % 11);
  outcome.footprint_bytes = static_cast<std::int64_t>(chance % 13);
  return outcome;
}

struct World {
  const char* space;
  TuneSettings settings;
};

std::vector<World> worlds() {
  std::vector<World> all;
  for (const char* space : {"b", "bb", "bLfbF", "bbbbbb", "bbFbbLbbfb"}) {
    for (const Objective objective : {Objective::performance, Objective::modelsize,
                                      Objective::footprint, Objective::accuracy}) {
      for (const double tolerance : {0.01, -0.25}) {
        for (const double timeout_seconds : {0.0, 1e9}) {
          TuneSettings settings;
          settings.criterion = {tolerance > 0, tolerance, objective != Objective::modelsize};
          settings.objective = objective;
          settings.exit_policy = {timeout_seconds, timeout_seconds > 0 ? 100 : 12, false};
          settings.refine = timeout_seconds == 0;
          all.push_back({space, settings});
        }
      }
    }
  }
  return all;
}

void write(std::ostream& out, const World& world, std::uint64_t seed) {
  const TuneSettings& settings = world.settings;
  out << "space " << world.space << ", " << to_string(settings.objective)
      << (settings.criterion.relative ? ", relative " : ", absolute ")
      << settings.criterion.tolerance
      << (settings.criterion.higher_is_better ? ", higher" : ", lower") << ", timeout "
      << settings.exit_policy.timeout_seconds << ", max_trials " << settings.exit_policy.max_trials
      << (settings.refine ? ", refine" : "") << "\n";
  Search search(space_of(world.space), settings);
  while (const auto proposal = search.next()) {
    const Outcome outcome =
        proposal->reused_from
            ? search.trials().at(static_cast<std::size_t>(*proposal->reused_from)).outcome
            : outcome_of(seed, *proposal);
    search.record(outcome);
    out << proposal->seq << " " << to_string(proposal->stage) << " "
        << letters_of(proposal->config);
    if (proposal->reused_from) out << " as " << *proposal->reused_from;
    out << " " << to_string(outcome.state) << " " << outcome.accuracy << "\n";
  }
  out << "ends " << to_string(search.stop_reason().value());
  if (const auto best = search.best_seq()) out << ", best " << *best;
  out << ", ranking";
  for (const RankedOp& each : search.ranking()) out << " " << each.op;
  out << "\n\n";
}

std::string written() {
  std::ostringstream out;
  std::uint64_t seed = 0;
  for (int round = 0; round < 2; ++round) {
    for (const World& world : worlds()) write(out, world, ++seed);
  }
  return out.str();
}

std::vector<std::string> lines_of(std::istream& text) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("the search goes through every golden history of its version") {
  std::ifstream golden(path);
  REQUIRE_MESSAGE(golden, path, " is missing: the version was raised without its histories");
  std::istringstream today(written());
  const std::vector<std::string> expected = lines_of(golden);
  const std::vector<std::string> found = lines_of(today);
  CHECK(expected.size() > 1000);
  CHECK(expected.size() == found.size());
  for (std::size_t i = 0; i < expected.size() && i < found.size(); ++i) {
    CAPTURE(i + 1);
    REQUIRE(found[i] == expected[i]);
  }
}

TEST_CASE("golden histories of a new version are written" * doctest::skip()) {
  REQUIRE_FALSE(std::ifstream(path));
  std::ofstream(path) << written();
}
