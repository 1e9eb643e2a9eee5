#include "tuning/company.hpp"

#include <doctest/doctest.h>

#include "spaces.hpp"

using namespace ampd;
using namespace ampd::tuning;

namespace {

TuneSettings unmeetable() {
  TuneSettings settings;
  settings.criterion.relative = false;
  settings.criterion.tolerance = -1;
  return settings;
}

/// "bbf bfb": the configs of a company, one after the other.
std::string letters_of(const std::vector<Proposal>& company) {
  std::string text;
  for (const Proposal& proposal : company) {
    text += (text.empty() ? "" : " ") + tuning::letters_of(proposal.config);
  }
  return text;
}

void record(Search& search, int count) {
  for (int i = 0; i < count; ++i) search.record(done(search.trials().empty() ? 1 : 0.5));
}

}  // namespace

TEST_CASE("baseline and model_wise have no company, a stage's trials have each other") {
  Search search(space_of("bbb"), unmeetable());
  CHECK(letters_of(next_company(search, 64)) == "fff");
  record(search, 1);
  CHECK(letters_of(next_company(search, 64)) == "bbb");
  record(search, 1);
  CHECK(letters_of(next_company(search, 64)) == "bbf bfb fbb");
  CHECK(letters_of(next_company(search, 2)) == "bbf bfb");
  CHECK(letters_of(next_company(search, 0)) == "bbf");
  record(search, 3);
  // All in fp32 was evaluated as the baseline.
  CHECK(letters_of(next_company(search, 64)) == "bff");
}

TEST_CASE("a trial that is known takes no place, and one that turns the search ends the company") {
  struct Row {
    double accuracy;
    double timeout_seconds;
    std::string company;
  };
  for (const Row& row :
       {Row{0.5, 0, "bbbf bfbb fbbb"}, Row{1, 0, "bbbf"}, Row{1, 100, "bbbf bfbb fbbb"}}) {
    CAPTURE(row.accuracy);
    CAPTURE(row.timeout_seconds);
    TuneSettings settings;
    settings.exit_policy.timeout_seconds = row.timeout_seconds;
    Search search(space_of("bbbb"), settings);
    record(search, 2);
    const Outcome outcome = done(row.accuracy);
    const auto known = [&](const Proposal& proposal) {
      return tuning::letters_of(proposal.config) == "bbfb" ? &outcome : nullptr;
    };
    const std::vector<Proposal> company = next_company(search, 64, known);
    CHECK(letters_of(company) == row.company);
    CHECK(letters_of(company_of(search, digests_of(search, company), known)) == row.company);
  }
}

TEST_CASE("those that began a pass are found again, as far as they are still to come") {
  Search search(space_of("bbbb"), unmeetable());
  record(search, 2);
  const std::vector<std::string> pass = digests_of(search, next_company(search, 3));
  CHECK(letters_of(company_of(search, pass)) == "bbbf bbfb bfbb");
  const std::vector<std::string> rest(pass.begin() + 1, pass.end());
  record(search, 1);
  CHECK(letters_of(company_of(search, rest)) == "bbfb bfbb");
  CHECK(letters_of(company_of(search, {rest[0], "another"})) == "bbfb");
  CHECK(letters_of(company_of(search, {"another"})) == "bbfb");
}

TEST_CASE("a stage's first pass may cost two trials and more, the nearer the goal is to fp32") {
  struct Row {
    double tolerance;  // of a baseline of 1; the model-wise config has 0.5
    double cost, cost_after_two;
  };
  for (const Row& row :
       {Row{0.4, 2.5, 12.5}, Row{0.25, 4, 20}, Row{0, 200, 1000}, Row{-1, 200, 1000}}) {
    for (const double sign : {1, -1}) {
      CAPTURE(row.tolerance);
      CAPTURE(sign);
      TuneSettings settings = unmeetable();
      settings.criterion.tolerance = row.tolerance;
      settings.criterion.higher_is_better = sign > 0;
      Search search(space_of("bbbb"), settings);
      CHECK(cost_max(search) == 2);
      search.record(done(sign));
      for (int i = 0; i < 3; ++i) {
        if (i == 1) CHECK(cost_max(search) == doctest::Approx(row.cost));
        search.record(done(sign * 0.5));
      }
      CHECK(cost_max(search) == doctest::Approx(row.cost_after_two));
    }
  }
}

TEST_CASE("a model-wise trial without an accuracy tells nothing of the distance to the goal") {
  Search search(space_of("bbbb"), unmeetable());
  search.record(done(1));
  search.record(failed());
  CHECK(cost_max(search) == 2);
}

TEST_CASE("a pass costs at most half of the time that is left") {
  TuneSettings settings = unmeetable();
  settings.exit_policy.timeout_seconds = 10;
  Search timed(space_of("bbbb"), settings);
  record(timed, 4);  // of one second each
  CHECK(cost_max(timed) == 3);
  record(timed, 2);
  CHECK(cost_max(timed) == 2);
  record(timed, 2);
  CHECK(cost_max(timed) == 1);
}
