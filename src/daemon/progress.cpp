#include "daemon/progress.hpp"

#include <algorithm>
#include <optional>

#include "tuning/search.hpp"

namespace ampd::daemon {
namespace {

template <typename Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

/// 1 for the job that runs next, 2 for the one after it; null for a job that is not queued.
Json queue_position(const scheduler::Status& status, std::int64_t job) {
  const auto place = std::ranges::find(status.queue, job);
  return place == status.queue.end() ? Json(nullptr) : Json(place - status.queue.begin() + 1);
}

std::int64_t trials_at_most(const store::JobRecord& record) {
  const job::Job& job = record.definition.job;
  return tuning::Search(record.definition.space, job.settings).trials_at_most();
}

}  // namespace

Json progress(const store::Reader& reader, const scheduler::Status& status, std::int64_t job) {
  const Json row = with_stall(reader.job(job), status);
  const store::JobRecord record = reader.record(job);
  Json json{{"job", job}};
  for (const char* key : {"name", "state", "stage", "goal_met", "trials_done"}) {
    json[key] = row.at(key);
  }
  json["trials_at_most"] = trials_at_most(record);
  for (const char* key : {"baseline_accuracy", "best_accuracy", "best_seq", "speedup", "error"}) {
    json[key] = row.at(key);
  }
  json["message"] = record.message.empty() ? Json(nullptr) : Json(record.message);
  json["queue_position"] = queue_position(status, job);
  const bool runs = status.activity && status.activity->job == job;
  const scheduler::Activity activity = runs ? *status.activity : scheduler::Activity{};
  json["phase"] = runs ? Json(to_string(activity.phase)) : Json(nullptr);
  json["seq"] = runs ? Json(activity.seq) : Json(nullptr);
  json["trials_together"] = runs ? Json(activity.trials_together) : Json(nullptr);
  json["batches_done"] = runs ? Json(activity.batches_done) : Json(nullptr);
  json["batches"] = runs ? Json(activity.batches) : Json(nullptr);
  json["accuracy"] = or_null(activity.accuracy);
  json["seconds_used"] = runs ? Json(activity.seconds_used) : Json(nullptr);
  json["eta_seconds"] = or_null(activity.eta_seconds);
  return json;
}

Json with_stall(Json row, const scheduler::Status& status) {
  if (!status.stalled_job || row.at("id") != *status.stalled_job) return row;
  if (row.at("state") == "queued" || row.at("state") == "running") {
    row["state"] = "paused";
    row["error"] = status.stalled;
  }
  return row;
}

}  // namespace ampd::daemon
