#include "store/reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "ampd/error.hpp"
#include "store/encoding.hpp"
#include "store/job_row.hpp"
#include "store/statement.hpp"

namespace ampd::store {
namespace {

Row json_of(double number) {
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  return number;
}

Row row_of(Statement& statement) {
  SQLite::Statement& raw = statement.raw();
  Row::object_t fields;
  fields.reserve(static_cast<std::size_t>(raw.getColumnCount()));
  for (int i = 0; i < raw.getColumnCount(); ++i) {
    const SQLite::Column value = raw.getColumn(i);
    Row& field = fields.emplace_back(value.getName(), nullptr).second;
    const int type = value.getType();
    if (type == SQLite::INTEGER) field = value.getInt64();
    if (type == SQLite::FLOAT) field = json_of(value.getDouble());
    if (type == SQLite::TEXT) field = value.getString();
  }
  return Row(std::move(fields));
}

template <class... Arguments>
Rows select(const Database& database, const std::string& sql, const Arguments&... arguments) {
  Statement statement(database, sql.c_str(), arguments...);
  Rows rows;
  while (statement.step()) rows.push_back(row_of(statement));
  return rows;
}

/// `key` orders the rows of `view`; `condition` restricts them further.
template <class... Arguments>
Rows select_page(const Database& database, const std::string& view, const std::string& key,
                 const Page& page, const std::string& condition, const Arguments&... arguments) {
  const std::string sql = "SELECT * FROM " + view + " WHERE " + condition + " AND " + key +
                          " > ? ORDER BY " + key + (page.last ? " DESC" : "") + " LIMIT ?";
  Rows rows = select(database, sql, arguments..., page.after, page.limit);
  if (page.last) std::ranges::reverse(rows);
  return rows;
}

}  // namespace

Reader::Reader(const StateDirectory& directory)
    : Reader(Database::open_to_read(directory.database())) {}

Reader::Reader(std::shared_ptr<Database> database) : database_(std::move(database)) {}

std::int64_t Reader::find(const std::string& id_or_name) const {
  std::int64_t id = 0;
  const char* end = id_or_name.data() + id_or_name.size();
  const auto [rest, error] = std::from_chars(id_or_name.data(), end, id);
  const bool is_number = error == std::errc() && rest == end;
  Statement row(*database_,
                "SELECT id FROM job WHERE id = ? OR name = ? ORDER BY id = ? DESC, id DESC LIMIT 1",
                is_number ? std::optional(id) : std::nullopt, id_or_name, is_number ? id : 0);
  if (!row.step()) {
    throw Error(ErrorCode::not_found, "there is no job \"" + id_or_name +
                                          "\"; `ampctl list` shows the jobs that there are");
  }
  return row.integer(0);
}

uid_t Reader::owner(std::int64_t job) const {
  Statement row(*database_, "SELECT owner_uid FROM job WHERE id = ?", job);
  if (!row.step()) throw Error(ErrorCode::not_found, "there is no job " + std::to_string(job));
  return static_cast<uid_t>(row.integer(0));
}

Rows Reader::jobs(const Page& page) const {
  return select_page(*database_, "jobs", "id", page, "true");
}

Row Reader::job(std::int64_t id) const {
  const Rows rows = select(*database_, "SELECT * FROM jobs WHERE id = ?", id);
  if (rows.empty()) throw Error(ErrorCode::not_found, "there is no job " + std::to_string(id));
  return rows.front();
}

Rows Reader::trials(std::int64_t job, const Page& page) const {
  return select_page(*database_, "trials", "seq", page, "job = ?", job);
}

Rows Reader::trial_ops(std::int64_t job, std::int64_t seq) const {
  return select(*database_, "SELECT * FROM trial_ops WHERE job = ? AND seq = ?", job, seq);
}

Rows Reader::rankings(std::int64_t job) const {
  return select(*database_, "SELECT * FROM rankings WHERE job = ? ORDER BY rank", job);
}

Rows Reader::resumes(std::int64_t job) const {
  return select(*database_, "SELECT * FROM resumes WHERE job = ?", job);
}

Rows Reader::events(const std::optional<std::int64_t>& job, const Page& page) const {
  if (job) return select_page(*database_, "events", "id", page, "job = ?", *job);
  return select_page(*database_, "events", "id", page, "true");
}

JobRecord Reader::record(std::int64_t job) const {
  return read_job(*database_, job);
}

TuneConfig Reader::config(std::int64_t job, std::int64_t seq) const {
  Statement row(*database_, "SELECT precisions FROM trial WHERE job = ? AND seq = ?", job, seq);
  if (!row.step()) {
    throw Error(ErrorCode::not_found, "job " + std::to_string(job) + " has no trial " +
                                          std::to_string(seq) + " with an outcome");
  }
  std::optional<TuneConfig> config = decode_config(row.blob(0));
  if (!config) {
    throw Error(ErrorCode::corrupt, "job " + std::to_string(job) + ", trial " +
                                        std::to_string(seq) + ": its config is damaged");
  }
  return std::move(*config);
}

std::optional<std::int64_t> Reader::find_identity(const std::string& identity) const {
  Statement row(*database_, "SELECT id FROM job WHERE identity = ? ORDER BY id DESC LIMIT 1",
                identity);
  return row.step() ? std::optional(row.integer(0)) : std::nullopt;
}

}  // namespace ampd::store
