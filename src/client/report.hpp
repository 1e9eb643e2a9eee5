// The report of an export: what was tried, how operators rank, and what came out, in Markdown.
#pragma once

#include <string>

#include "client/daemon_client.hpp"

namespace ampd::client {

/// What a report is made from: answers of the API and what was exported.
struct ReportSource {
  Json result;      // jobs/JOB/result, with a best config
  Json definition;  // jobs/JOB/definition
  Json trials;      // jobs/JOB/trials, all
  Json ranking;     // jobs/JOB/ranking
  std::string profile;
  std::int64_t samples_compared = 0;
};

std::string report(const ReportSource& source);

}  // namespace ampd::client
