// Something that happened, for people: events are only ever added.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ampd::store {

enum class EventKind : std::uint8_t {
  submitted,
  warning,
  started,  // the job runs: for the first time or again
  resumed,  // a trial goes on from its checkpoint
  trial,    // has an outcome: done, invalid or failed
  retried,  // a worker died or failed and the trial runs again, or the job does
  goal_met,
  measured,
  paused,
  epoch,  // another fingerprint was accepted
  cancelled,
  finished,  // the job is done
  failed,    // the job has failed
  removed,
};

enum class EventLevel : std::uint8_t { info, warning, error };

std::string_view to_string(EventKind kind);
std::string_view to_string(EventLevel level);

/// An event before it is stored.
struct Note {
  EventKind kind = EventKind::warning;
  std::string message;
  EventLevel level = EventLevel::info;
};

struct Event {
  std::int64_t id = 0;
  std::int64_t at_microseconds = 0;  // since 1970
  std::int64_t job = 0;
  Note note;
};

}  // namespace ampd::store
