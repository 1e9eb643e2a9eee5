#include "store/resource.hpp"

#include <charconv>
#include <optional>
#include <span>
#include <string_view>

#include "ampd/error.hpp"

namespace ampd::store {
namespace {

using Query = std::map<std::string, std::string>;

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (is_plain) {
      encoded += c;
    } else {
      constexpr std::string_view digits = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return encoded;
}

std::int64_t number(const std::string& text, const std::string& what) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 0) {
    throw Error(ErrorCode::invalid, what + " takes a whole number from 0, not \"" + text + "\"");
  }
  return value;
}

Page page_of(const Query& query) {
  Page page;
  for (const auto& [key, value] : query) {
    if (key == "after") {
      page.after = number(value, key);
    } else if (key == "limit" || key == "last") {
      page.limit = std::min(number(value, key), Page{}.limit);
      page.last = key == "last";
    } else {
      throw Error(ErrorCode::invalid,
                  "there is no parameter \"" + key + "\"; there are after, limit and last");
    }
  }
  return page;
}

Row array(Rows rows) {
  Row array = Row::array();
  for (Row& row : rows) array.push_back(std::move(row));
  return array;
}

Row to_row(const TuningSpace& space) {
  Row ops = Row::array();
  for (const TunableOp& op : space.ops) {
    Row precisions = Row::array();
    for (const Precision precision : op.precisions) precisions.push_back(to_string(precision));
    Row pinned = op.pinned ? Row(to_string(*op.pinned)) : Row(nullptr);
    ops.push_back({{"name", op.name},
                   {"type", op.type},
                   {"precisions", std::move(precisions)},
                   {"pinned", std::move(pinned)}});
  }
  return ops;
}

Row definition(const Reader& reader, std::int64_t job) {
  const JobRecord record = reader.record(job);
  Row inputs = Row::array();
  for (const Input& input : record.definition.inputs) {
    inputs.push_back({{"path", input.path.string()}, {"digest", input.digest}});
  }
  return {{"job", job},
          {"owner_uid", record.definition.owner_uid},
          {"fingerprint", record.fingerprint},
          {"epoch", record.epoch},
          {"strategy_version", record.strategy_version},
          {"job_file_digest", record.definition.job_file_digest},
          {"model_digest", record.definition.model_digest},
          {"inputs", std::move(inputs)},
          {"ops", to_row(record.definition.space)},
          {"resolved", Row(job::to_json(record.definition.job))}};
}

Row best(const Reader& reader, std::int64_t job) {
  const Row row = reader.job(job);
  if (row.at("best_seq").is_null()) {
    throw Error(ErrorCode::conflict, "job " + std::to_string(job) +
                                         " has no best config yet: no config with a low-precision "
                                         "operator has an accuracy");
  }
  const auto seq = row.at("best_seq").get<std::int64_t>();
  const Rows trials = reader.trials(job, {.after = seq - 1, .limit = 1});
  if (trials.empty() || trials.front().at("seq") != seq) {
    throw Error(ErrorCode::corrupt, "job " + std::to_string(job) + " names trial " +
                                        std::to_string(seq) + " its best, which is not there");
  }
  const Row& trial = trials.front();
  const JobRecord record = reader.record(job);
  const TuneConfig config = reader.config(job, seq);
  Row answer{{"job", job}, {"name", row.at("name")}};
  for (const char* key : {"seq", "stage", "accuracy", "delta", "meets_goal", "latency_ms",
                          "low_ops", "fp32_ops", "config_digest"}) {
    answer[key] = trial.at(key);
  }
  const AccuracyCriterion& criterion = record.definition.job.settings.criterion;
  const Row& baseline = row.at("baseline_accuracy");
  answer["baseline_accuracy"] = baseline;
  answer["target_accuracy"] =
      baseline.is_number() ? Row(criterion.target(baseline.get<double>())) : Row(nullptr);
  answer["higher_is_better"] = criterion.higher_is_better;
  answer["precision"] = to_string(record.definition.space.target);
  answer["speedup"] = row.at("speedup");
  answer["config"] = Row::parse(to_json(record.definition.space, config));
  return answer;
}

Row result(const Reader& reader, std::int64_t job) {
  const Row row = reader.job(job);
  const std::string message = reader.record(job).message;
  return {{"job", row},
          {"message", message.empty() ? Row(nullptr) : Row(message)},
          {"best", row.at("best_seq").is_null() ? Row(nullptr) : best(reader, job)}};
}

std::optional<Row> read_job(const Reader& reader, std::int64_t job,
                            std::span<const std::string> rest, const Query& query) {
  if (rest.empty()) return reader.job(job);
  const std::string& what = rest[0];
  if (rest.size() == 3 && what == "trials" && rest[2] == "ops") {
    return array(reader.trial_ops(job, number(rest[1], "a trial's seq")));
  }
  if (rest.size() != 1) return std::nullopt;
  if (what == "definition") return definition(reader, job);
  if (what == "trials") return array(reader.trials(job, page_of(query)));
  if (what == "ranking") return array(reader.rankings(job));
  if (what == "resumes") return array(reader.resumes(job));
  if (what == "events") return array(reader.events(job, page_of(query)));
  if (what == "best") return best(reader, job);
  if (what == "result") return result(reader, job);
  return std::nullopt;
}

}  // namespace

std::string to_target(const Resource& resource) {
  std::string target = "/v1";
  for (const std::string& part : resource.path) target += "/" + percent_encoded(part);
  char separator = '?';
  for (const auto& [key, value] : resource.query) {
    target += separator + percent_encoded(key) + "=" + percent_encoded(value);
    separator = '&';
  }
  return target;
}

Row read_resource(const Reader& reader, const Resource& resource) {
  const std::span path(resource.path);
  std::optional<Row> found;
  if (path.size() == 1 && path[0] == "jobs") {
    found = array(reader.jobs(page_of(resource.query)));
  } else if (path.size() == 1 && path[0] == "events") {
    found = array(reader.events({}, page_of(resource.query)));
  } else if (path.size() >= 2 && path[0] == "jobs") {
    found = read_job(reader, reader.find(path[1]), path.subspan(2), resource.query);
  }
  if (!found) throw Error(ErrorCode::not_found, "there is nothing at " + to_target(resource));
  return *std::move(found);
}

}  // namespace ampd::store
