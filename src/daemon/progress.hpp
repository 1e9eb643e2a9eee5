// How far a job is, as JSON: what is stored of it and, while it runs, what it is at.
#pragma once

#include <cstdint>

#include "daemon/http.hpp"
#include "scheduler/activity.hpp"
#include "store/reader.hpp"

namespace ampd::daemon {

/// See docs/command-line.md, "Progress". Throws Error(not_found).
Json progress(const store::Reader& reader, const scheduler::Status& status, std::int64_t job);

/// The row of a job, paused with its reason where a full disk did not let that into the store.
Json with_stall(Json row, const scheduler::Status& status);

}  // namespace ampd::daemon
