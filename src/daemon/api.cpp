#include "daemon/api.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>
#include <variant>

#include "ampd/error.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "daemon/intake.hpp"
#include "daemon/progress.hpp"
#include "daemon/watch.hpp"
#include "store/resource.hpp"

namespace ampd::daemon {
namespace {

namespace asio = boost::asio;

void require_control(const Peer& peer) {
  if (peer.user == 0 || peer.user == ::geteuid()) return;
  throw Error(ErrorCode::denied,
              "this daemon runs as user " + std::to_string(::geteuid()) +
                  " and takes orders from that user and root only; you are user " +
                  std::to_string(peer.user) +
                  " and may look (list, show, watch, trials ...), or "
                  "run a daemon of your own");
}

/// A root client must not make the daemon's user run something, nor the other way round.
void require_command_of_own_user(const job::Job& job, const Peer& peer) {
  const bool is_command = std::holds_alternative<job::CommandEvaluation>(job.evaluation);
  if (!is_command || peer.user == ::geteuid()) return;
  throw Error(ErrorCode::denied,
              "this daemon runs the command of an eval_func only for its own "
              "user, " +
                  std::to_string(::geteuid()) + "; you are user " + std::to_string(peer.user));
}

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

asio::awaitable<Response> Api::answer(Request request) {
  Response response;
  const std::vector<std::string>& path = request.path;
  if (path.empty() || path[0] != "v1") {
    throw Error(ErrorCode::not_found, "the API of ampd stands below /v1");
  }
  const bool is_job = path.size() >= 3 && path[1] == "jobs";
  if (request.method != "GET") require_control(request.peer);
  if (request.method == "POST" && path.size() == 2 && path[1] == "jobs") {
    response.status = 201;
    response.body = co_await submit(request);
  } else if (request.method == "POST" && is_job && path.size() == 4) {
    response.body = control(service_.store.reader().find(path[2]), path[3], request);
  } else if (request.method == "DELETE" && is_job && path.size() == 3) {
    response.body = control(service_.store.reader().find(path[2]), "remove", request);
  } else if (request.method != "GET") {
    throw_wrong_method(request);
  } else if (is_job && path.size() == 4 && path[3] == "watch") {
    response.body = watch(service_.store.reader().find(path[2]));
  } else if (is_job && path.size() == 4 && path[3] == "model") {
    response.body = model(service_.store.reader().find(path[2]));
  } else {
    response.body = get(request);
  }
  co_return response;
}

Json Api::get(const Request& request) const {
  const std::vector<std::string>& path = request.path;
  const store::Reader& reader = service_.store.reader();
  if (path.size() == 2 && path[1] == "status") return status();
  if (path.size() == 4 && path[1] == "jobs" && path[3] == "progress") {
    return progress(reader, service_.scheduler.status(), reader.find(path[2]));
  }
  store::Resource resource;
  resource.path.assign(path.begin() + 1, path.end());
  resource.query = request.query;
  return store::read_resource(reader, resource);
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
  scheduler::Submission submission;
  submission.job = job::from_json(member(body, "job"));
  const nlohmann::json& text = member(body, "job_file");
  if (!text.is_string()) throw Error(ErrorCode::invalid, "\"job_file\" is not a text");
  submission.job_file = text.get<std::string>();
  submission.owner_uid = request.peer.user;
  require_command_of_own_user(submission.job, request.peer);
  if (submission.job.threads == 0) submission.job.threads = service_.threads;

  const Turnstile::Turn turn = co_await submissions_.enter();
  InputDigests digests = co_await digest_inputs(service_.inspector, submission.job);
  protocol::Inspected inspected = co_await inspect(service_.inspector, submission.job);
  fingerprint_ = inspected.fingerprint;
  submission.model_digest = std::move(digests.model);
  submission.inputs = std::move(digests.others);
  submission.space = std::move(inspected.space);
  submission.fingerprint = std::move(inspected.fingerprint);
  const std::int64_t job = service_.scheduler.submit(submission);
  service_.changed();
  co_return Json{{"id", job},
                 {"name", submission.job.name},
                 {"warnings", warnings_of(service_.store.reader(), job)}};
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
  return [watch] { return watch->next(); };
}

}  // namespace ampd::daemon
