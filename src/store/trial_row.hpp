// The rows of the tables `trial`, `pass` and `measurement`: their columns, in one place each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/statement.hpp"
#include "store/trial_record.hpp"

namespace ampd::store {

/// A trial with what is stored beside it.
struct TrialRow {
  TrialRecord record;
  std::int64_t low_ops = 0;
  std::string config_digest;  // raw bytes

  /// Covers the whole row and, through `previous`, all rows before it.
  ChainDigest chain(const ChainDigest& previous) const;
};

void insert(const Database& database, std::int64_t job, const TrialRow& row,
            const ChainDigest& chain);

/// The trials of a job in seq order.
class TrialRows {
 public:
  TrialRows(const Database& database, std::int64_t job);

  /// Throws Error(corrupt) for a row that cannot be one.
  std::optional<TrialRow> next();

  /// As stored with the last row.
  ChainDigest chain() const { return chain_; }

 private:
  std::int64_t job_;
  Statement rows_;
  ChainDigest chain_{};
};

void write(const Database& database, std::int64_t job, const Pass& pass);
/// Throws Error(corrupt) when the row does not have its digest.
std::optional<Pass> read_pass(const Database& database, std::int64_t job);

void insert(const Database& database, std::int64_t job, std::int64_t seq,
            const Measurement& measurement);
/// Throws Error(corrupt) when the row does not have its digest.
std::optional<Measurement> read_measurement(const Database& database, std::int64_t job,
                                            std::int64_t seq);

/// "job 3, trial 17 in the database PATH: what", with the remedy.
[[noreturn]] void throw_damaged(const Database& database, std::int64_t job,
                                const std::optional<std::int64_t>& seq, const std::string& what);

}  // namespace ampd::store
