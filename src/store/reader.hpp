// What is stored, for people and programs: the views as JSON, without the right to write.
//
// A row is an object whose keys are the view's columns, in the view's order. Absent values are
// null; an infinite accuracy is the string "inf" or "-inf".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ampd/tune_config.hpp"
#include "store/job_record.hpp"
#include "store/state_directory.hpp"

namespace ampd::store {

class Database;

using Row = nlohmann::ordered_json;
using Rows = std::vector<Row>;

/// Which part of a long list: at most `limit` rows after `after`, or the last `limit` of them;
/// in ascending order in both cases.
struct Page {
  std::int64_t after = -1;  // seq of a trial, id of an event or job
  std::int64_t limit = 1000;
  bool last = false;
};

class Reader {
 public:
  /// Opens the database of a state directory read-only, whether or not a daemon runs. Throws
  /// Error: not_found, denied, corrupt (damaged, or of another version than this program's).
  explicit Reader(const StateDirectory& directory);
  explicit Reader(std::shared_ptr<Database> database);

  /// The id of the job that a user names by id or by name (the newest of that name). Throws
  /// Error(not_found).
  std::int64_t find(const std::string& id_or_name) const;

  /// Who submitted the job, whatever state its definition is in. Throws Error(not_found).
  uid_t owner(std::int64_t job) const;

  Rows jobs(const Page& page = {}) const;
  Row job(std::int64_t id) const;
  Rows trials(std::int64_t job, const Page& page = {}) const;
  Rows trial_ops(std::int64_t job, std::int64_t seq) const;
  Rows rankings(std::int64_t job) const;
  Rows resumes(std::int64_t job) const;
  /// Of all jobs without `job`.
  Rows events(const std::optional<std::int64_t>& job, const Page& page = {}) const;

  /// Throws Error: not_found, corrupt (the definition no longer has its digest).
  JobRecord record(std::int64_t job) const;

  /// The config of a trial with an outcome. Throws Error(not_found).
  TuneConfig config(std::int64_t job, std::int64_t seq) const;

  /// The newest job with this identity, whatever its state.
  std::optional<std::int64_t> find_identity(const std::string& identity) const;

 private:
  std::shared_ptr<Database> database_;
};

}  // namespace ampd::store
