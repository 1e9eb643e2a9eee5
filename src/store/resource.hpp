// What there is to be asked of a database, by address: the views, one job's rows, its best config.
//
// The daemon answers GET requests with it, and a client asks it directly when no daemon runs, so
// that both give the same JSON.
//
//   jobs?after=&limit=&last=             the view `jobs`
//   jobs/JOB                             its row; JOB is an id or a name
//   jobs/JOB/definition                  what was submitted: resolved job, digests, space
//   jobs/JOB/trials?after=&limit=&last=  the view `trials`; in the same way `events`
//   jobs/JOB/trials/SEQ/ops              the view `trial_ops`
//   jobs/JOB/ranking, jobs/JOB/resumes   the views `rankings`, `resumes`
//   jobs/JOB/best                        the best config so far with its trial's figures
//   jobs/JOB/result                      {"job": its row, "message", "best": the same or null}
//   events?after=&limit=&last=           the view `events`
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/reader.hpp"

namespace ampd::store {

struct Resource {
  std::vector<std::string> path;             // {"jobs", "7", "trials"}
  std::map<std::string, std::string> query;  // {{"last", "5"}}
};

/// "/v1/jobs/7/trials?last=5", with what is special in an address encoded.
std::string to_target(const Resource& resource);

/// Rows are an array. Throws Error: not_found (no such resource, job or trial), conflict (there is
/// no best config yet), invalid (a bad query).
Row read_resource(const Reader& reader, const Resource& resource);

}  // namespace ampd::store
