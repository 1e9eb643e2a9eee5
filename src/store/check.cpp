#include "store/check.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "store/blobs.hpp"
#include "store/history.hpp"
#include "store/job_row.hpp"
#include "store/schema.hpp"
#include "store/statement.hpp"
#include "store/trial_row.hpp"

namespace ampd::store {
namespace {

using Problems = std::vector<Problem>;

void check_pages(const Database& database, CheckDepth depth, Problems& problems) {
  Statement rows(database,
                 depth == CheckDepth::full ? "PRAGMA integrity_check" : "PRAGMA quick_check");
  while (rows.step()) {
    if (rows.text(0) != "ok") problems.push_back({{}, {}, rows.text(0)});
  }
  Statement references(database, "PRAGMA foreign_key_check");
  while (depth == CheckDepth::full && references.step()) {
    problems.push_back(
        {{}, {}, "a row of " + references.text(0) + " belongs to no row of " + references.text(2)});
  }
}

void check_summary(const Database& database, const JobRecord& record, const tuning::Search& search,
                   Problems& problems) {
  Statement row(database, "SELECT best_seq FROM job WHERE id = ?", record.id);
  row.step();
  if (row.optional_integer(0) != search.best_seq()) {
    problems.push_back({record.id, {}, "its best trial is not the one that is stored as best"});
  }
}

void check_measurements(const Database& database, std::int64_t job, Problems& problems) {
  Statement rows(database, "SELECT seq FROM measurement WHERE job = ?", job);
  while (rows.step()) {
    try {
      read_measurement(database, job, rows.integer(0));
    } catch (const Error& error) {
      problems.push_back({job, rows.integer(0), error.what()});
    }
  }
}

void check_blob(const Blobs& blobs, const JobRecord& record, const std::string& digest,
                Problems& problems) {
  try {
    if (!blobs.is_whole(digest)) {
      problems.push_back({record.id, {}, blobs.path(digest).string() + " is damaged"});
    }
  } catch (const Error& error) {
    problems.push_back({record.id, {}, error.what()});
  }
}

void check_job(const Database& database, const Blobs& blobs, std::int64_t job, Problems& problems) {
  try {
    const JobRecord record = read_job(database, job);
    check_blob(blobs, record, record.definition.job_file_digest, problems);
    check_blob(blobs, record, record.definition.model_digest, problems);
    check_measurements(database, job, problems);
    check_summary(database, record, read_history(database, record).search, problems);
  } catch (const Error& error) {
    problems.push_back({job, {}, error.what()});
  }
}

void sync(const std::filesystem::path& path, int flags) {
  const base::FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.is_open() || ::fsync(file.get()) != 0) {
    base::throw_system_error("cannot sync", path, errno);
  }
}

}  // namespace

std::vector<Problem> check(const StateDirectory& directory, CheckDepth depth) {
  Problems problems;
  try {
    const auto database = Database::open_to_read(directory.database());
    check_pages(*database, depth, problems);
    if (depth == CheckDepth::quick) return problems;
    check_schema(*database);
    const Blobs blobs(directory.blobs());
    Statement jobs(*database, "SELECT id FROM job ORDER BY id");
    while (jobs.step()) check_job(*database, blobs, jobs.integer(0), problems);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt) throw;
    problems.push_back({{}, {}, error.what()});
  }
  return problems;
}

void backup(const StateDirectory& directory, const std::filesystem::path& target) {
  if (std::filesystem::exists(target)) {
    throw Error(ErrorCode::conflict, target.string() + " exists; name another file");
  }
  const auto database = Database::open_to_read(directory.database());
  const std::filesystem::path partial = target.string() + ".partial";
  std::filesystem::remove(partial);
  base::write_file(partial, "", 0640);
  Statement(*database, "VACUUM INTO ?", partial.string()).run();
  sync(partial, O_RDWR);
  if (::rename(partial.c_str(), target.c_str()) != 0) {
    base::throw_system_error("cannot write", target, errno);
  }
  sync(std::filesystem::absolute(target).parent_path(), O_RDONLY | O_DIRECTORY);
}

}  // namespace ampd::store
