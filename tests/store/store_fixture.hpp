// A store in a temporary folder, with jobs whose trials are made by a table instead of a worker.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ampd/error.hpp"
#include "manual_clock.hpp"
#include "store/store.hpp"
#include "temporary_folder.hpp"

ampd::TuningSpace space_of(std::size_t op_count);

ampd::Outcome done(double accuracy);

ampd::Outcome failed(const std::string& reason);

/// What an outcome is made from; the search's stage, op and seq are in it.
using OutcomeOf = std::function<ampd::Outcome(const ampd::tuning::Proposal&)>;

/// 0.9 in fp32; each low op costs 0.01 times its place from the top, op0 costing 0.01.
ampd::Outcome accuracy_by_ops(const ampd::tuning::Proposal& proposal);

class StoreFixture {
 public:
  StoreFixture() { open(); }

  void open(const ampd::store::StoreOptions& options = {});
  void close() { store_.reset(); }

  ampd::store::StateDirectory directory() const;
  ampd::store::Store& store() { return *store_; }
  ManualClock& clock() { return clock_; }
  const TemporaryFolder& folder() const { return folder_; }

  ampd::store::JobDefinition definition(const std::string& name, std::size_t op_count = 3);
  std::int64_t add(const ampd::store::JobDefinition& definition);
  std::int64_t add(const std::string& name, std::size_t op_count = 3);

  ampd::store::History history(std::int64_t job);

  /// Proposes and records up to `count` trials.
  void run(std::int64_t job, const OutcomeOf& outcome_of = accuracy_by_ops, int count = 1 << 20);

  void propose(std::int64_t job, const ampd::store::History& history);

  void record(std::int64_t job, ampd::store::History& history, const ampd::Outcome& outcome);

 private:
  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<ampd::store::Store> store_;
};

/// The code and the sentence of the Error that `work` throws.
template <class Work>
std::pair<ampd::ErrorCode, std::string> error_of(Work&& work) {
  try {
    work();
  } catch (const ampd::Error& error) {
    return {error.code(), error.what()};
  }
  FAIL("no error was thrown");
  return {};
}
