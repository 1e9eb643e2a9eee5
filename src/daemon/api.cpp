#include "daemon/api.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "ampd/error.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "daemon/intake.hpp"
#include "daemon/progress.hpp"
#include "daemon/uploaded_job.hpp"
#include "daemon/watch.hpp"
#include "store/resource.hpp"

namespace ampd::daemon {
namespace {

namespace asio = boost::asio;

[[noreturn]] void throw_wrong_method(const Request& request) {
  throw Error(ErrorCode::invalid, "this address takes no " + request.method);
}

nlohmann::json parse_body(const Request& request) {
  if (request.body.empty()) return nlohmann::json::object();
  nlohmann::json body =
      base::parse_json(request.body, "the request's body", base::limits::http_body_bytes);
  if (!body.is_object()) throw Error(ErrorCode::invalid, "the request's body is not an object");
  return body;
}

const nlohmann::json& member(const nlohmann::json& body, const char* key) {
  const auto found = body.find(key);
  if (found == body.end()) {
    throw Error(ErrorCode::invalid, std::string("the request's body has no \"") + key + "\"");
  }
  return *found;
}

Json warnings_of(const store::Reader& reader, std::int64_t job) {
  Json warnings = Json::array();
  for (const store::Row& event : reader.events(job)) {
    if (event.at("level") == "warning") warnings.push_back(event.at("message"));
  }
  return warnings;
}

}  // namespace

Api::Api(Service service) : service_(std::move(service)) {}

/// A store that fails while it is read for a client ends the process as elsewhere.
template <typename Work>
auto Api::read(Work work) const {
  try {
    return work();
  } catch (const Error& error) {
    service_.scheduler.report(error);
    throw;
  }
}

asio::awaitable<Response> Api::answer(Request request) {
  Response response;
  const std::vector<std::string>& path = request.path;
  if (path.empty() || path[0] != "v1") {
    throw Error(ErrorCode::not_found, "the API of ampd stands below /v1");
  }
  const bool is_job = path.size() >= 3 && path[1] == "jobs";
  if (request.method != "GET") service_.permission.require_known(request.peer);
  if (request.method == "POST" && path.size() == 2 && path[1] == "jobs") {
    response.status = 201;
    response.body = co_await submit(request);
  } else if (request.method == "POST" && is_job && path.size() == 4) {
    response.body = control(controlled(path[2], request.peer), path[3], request);
  } else if (request.method == "DELETE" && is_job && path.size() == 3) {
    response.body = control(controlled(path[2], request.peer), "remove", request);
  } else if (request.method != "GET") {
    throw_wrong_method(request);
  } else if (is_job && path.size() == 4 && path[3] == "watch") {
    response.body = read([&] { return watch(service_.store.reader().find(path[2])); });
  } else if (is_job && path.size() == 4 && path[3] == "model") {
    response.body = model(read([&] { return service_.store.reader().find(path[2]); }));
  } else {
    response.body = read([&] { return get(request); });
  }
  co_return response;
}

Json Api::get(const Request& request) const {
  const std::vector<std::string>& path = request.path;
  const store::Reader& reader = service_.store.reader();
  if (path.size() == 2 && path[1] == "status") return status();
  if (path.size() == 3 && path[1] == "blobs") {
    service_.store.uploads().path(request.peer.user, path[2]);
    return Json{{"digest", path[2]}};
  }
  if (path.size() == 4 && path[1] == "jobs" && path[3] == "progress") {
    return progress(reader, service_.scheduler.status(), reader.find(path[2]));
  }
  store::Resource resource;
  resource.path.assign(path.begin() + 1, path.end());
  resource.query = request.query;
  Json found = store::read_resource(reader, resource);
  const bool is_of_jobs = resource.path.size() <= 2 && resource.path.front() == "jobs";
  if (!is_of_jobs) return found;
  const scheduler::Status state = service_.scheduler.status();
  if (!found.is_array()) return with_stall(std::move(found), state);
  for (Json& row : found) row = with_stall(std::move(row), state);
  return found;
}

Json Api::status() const {
  const scheduler::Status status = service_.scheduler.status();
  Json json = service_.status();
  json["fingerprint"] = fingerprint_.empty() ? Json(nullptr) : Json(fingerprint_);
  json["running"] = status.activity ? Json(status.activity->job) : Json(nullptr);
  json["queue"] = status.queue;
  json["stalled"] = status.stalled.empty() ? Json(nullptr) : Json(status.stalled);
  return json;
}

asio::awaitable<Json> Api::submit(const Request& request) {
  const nlohmann::json body = parse_body(request);
  job::Job job = job::from_json(member(body, "job"));
  const nlohmann::json& text = member(body, "job_file");
  if (!text.is_string()) throw Error(ErrorCode::invalid, "\"job_file\" is not a text");
  service_.permission.require_command(job, request.peer);
  if (!service_.permission.is_own(request.peer) || body.contains("uploads")) {
    use_uploads(job, member(body, "uploads"), service_.store.uploads(), request.peer.user);
  }
  if (job.threads == 0) job.threads = service_.threads;

  const Turnstile::Turn turn = co_await submissions_.enter();
  const scheduler::Submission submission = co_await examine(
      service_.inspector, std::move(job), text.get<std::string>(), request.peer.user);
  fingerprint_ = submission.fingerprint;
  const std::int64_t id = service_.scheduler.submit(submission);
  service_.changed();
  co_return Json{{"id", id},
                 {"name", submission.job.name},
                 {"warnings", warnings_of(service_.store.reader(), id)}};
}

std::int64_t Api::controlled(const std::string& job, const Peer& peer) const {
  const store::Reader& reader = service_.store.reader();
  const std::int64_t id = read([&] { return reader.find(job); });
  service_.permission.require_control(peer, read([&] { return reader.owner(id); }));
  return id;
}

std::optional<Receipt> Api::receive(const Request& request) {
  const std::vector<std::string>& path = request.path;
  const bool is_upload =
      request.method == "PUT" && path.size() == 3 && path[0] == "v1" && path[1] == "blobs";
  if (!is_upload) return std::nullopt;
  const uid_t user = request.peer.user;
  service_.permission.require_known(request.peer);
  if (!request.body_bytes) {
    throw Error(ErrorCode::invalid, "an upload says its length: the Content-Length is missing");
  }
  const store::Uploads& uploads = service_.store.uploads();
  const std::int64_t left = service_.upload_bytes_max - uploads.bytes(user) - *bytes_coming(user);
  if (std::cmp_greater(*request.body_bytes, left)) {
    throw Error(ErrorCode::exhausted,
                "the upload has " + std::to_string(*request.body_bytes) +
                    " bytes, and you may keep " + std::to_string(std::max<std::int64_t>(left, 0)) +
                    " more here; remove jobs that you no longer need (ampctl rm), or have "
                    "upload_mib raised in the daemon's configuration");
  }
  const auto bytes = static_cast<std::int64_t>(*request.body_bytes);
  const auto form = request.content_type == "application/x-tar" ? store::Uploads::Form::folder
                                                                : store::Uploads::Form::file;
  const auto writer =
      std::make_shared<store::Uploads::Writer>(uploads.writer(user, path[2], form, bytes));
  const std::shared_ptr<std::int64_t> coming = bytes_coming(user);
  *coming += bytes;
  const std::shared_ptr<void> claim(nullptr, [coming, bytes](void*) { *coming -= bytes; });
  return Receipt{[writer, claim](std::span<const std::byte> portion) { writer->add(portion); },
                 [writer, claim, digest = path[2]] {
                   writer->finish();
                   return Response{201, Json{{"digest", digest}}};
                 }};
}

std::shared_ptr<std::int64_t> Api::bytes_coming(uid_t user) {
  std::shared_ptr<std::int64_t>& bytes = bytes_coming_[user];
  if (bytes == nullptr) bytes = std::make_shared<std::int64_t>(0);
  return bytes;
}

Json Api::control(std::int64_t job, const std::string& verb, const Request& request) {
  scheduler::Scheduler& scheduler = service_.scheduler;
  if (verb == "pause") {
    scheduler.pause(job);
  } else if (verb == "resume") {
    const nlohmann::json body = parse_body(request);
    scheduler.resume(job, body.value("accept_fingerprint", false));
  } else if (verb == "cancel") {
    scheduler.cancel(job);
  } else if (verb == "finish") {
    scheduler.finish(job);
  } else if (verb == "retry") {
    scheduler.retry(job);
  } else if (verb == "remove") {
    scheduler.remove(job);
  } else {
    throw Error(ErrorCode::not_found, "there is no order \"" + verb +
                                          "\"; there are pause, resume, cancel, finish and retry");
  }
  service_.changed();
  if (verb == "remove") return Json{{"id", job}};
  return service_.store.reader().job(job);
}

base::FileDescriptor Api::model(std::int64_t job) const {
  const store::JobRecord record = service_.store.reader().record(job);
  const std::filesystem::path path = service_.store.blobs().path(record.definition.model_digest);
  base::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) base::throw_system_error("cannot open", path, errno);
  return file;
}

Lines Api::watch(std::int64_t job) const {
  const store::Reader& reader = service_.store.reader();
  const auto watch = std::make_shared<Watch>(
      service_.executor, reader, service_.changes,
      [this, &reader, job] { return progress(reader, service_.scheduler.status(), job); }, job);
  return [this, watch] { return next_line(watch); };
}

asio::awaitable<std::optional<Json>> Api::next_line(std::shared_ptr<Watch> watch) const {
  try {
    co_return co_await watch->next();
  } catch (const Error& error) {
    service_.scheduler.report(error);
    throw;
  }
}

}  // namespace ampd::daemon
