#include "daemon/api.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "daemon/watch.hpp"
#include "scheduler/scheduler_fixture.hpp"

using ampd::Error;
using ampd::ErrorCode;
using ampd::daemon::Api;
using ampd::daemon::Json;
using ampd::daemon::Request;
using ampd::daemon::Response;

namespace {

namespace asio = boost::asio;

/// The API over a scheduler whose workers are scripted, and the loop that both need.
class ApiFixture : public SchedulerFixture {
 public:
  ApiFixture()
      : inspector_(world, clock),
        api_({.store = store(),
              .scheduler = scheduler(),
              .inspector = inspector_,
              .executor = context_.get_executor(),
              .changes = changes_,
              .changed = [this] { ++changes_; },
              .threads = 3,
              .status =
                  [] {
                    return Json{{"version", "1"}};
                  }}) {}

  Response answer(const std::string& method, const std::string& target,
                  const std::string& body = {}, uid_t user = ::geteuid()) {
    Request request;
    request.method = method;
    ampd::daemon::parse_target(target, request);
    request.body = body;
    request.peer.user = user;
    return wait(api_.answer(std::move(request)));
  }
  Json json(const std::string& method, const std::string& target, const std::string& body = {}) {
    return std::get<Json>(answer(method, target, body).body);
  }
  ErrorCode refusal(const std::string& method, const std::string& target,
                    const std::string& body = {}, uid_t user = ::geteuid()) {
    return error_of([&] { answer(method, target, body, user); }).first;
  }

  std::string body_of(const std::string& name) {
    const ampd::scheduler::Submission submission = this->submission(name);
    const ampd::job::Job& job = submission.job;
    world.digests[job.model_path] = submission.model_digest;
    return Json{{"job", Json(to_json(job))}, {"job_file", "model: " + name}}.dump();
  }

  /// What a coroutine gives in the end, while the inspector works and time goes by.
  template <typename Value>
  Value wait(asio::awaitable<Value> work) {
    std::optional<Value> value;
    std::exception_ptr failure;
    bool is_over = false;
    asio::co_spawn(context_, std::move(work), [&](std::exception_ptr exception, Value given) {
      failure = exception;
      value = std::move(given);
      is_over = true;
    });
    for (int i = 0; !is_over && i < 10'000; ++i) {
      context_.restart();
      context_.run_for(std::chrono::milliseconds(1));
      inspector_.step();
    }
    REQUIRE(is_over);
    if (failure) std::rethrow_exception(failure);
    return std::move(*value);
  }

  std::uint64_t& changes() { return changes_; }

 private:
  asio::io_context context_;
  std::uint64_t changes_ = 0;
  ScriptedRunner inspector_;
  Api api_;
};

}  // namespace

TEST_CASE("a submitted job is verified, queued and answered with its id") {
  ApiFixture fixture;
  const Response response = fixture.answer("POST", "/v1/jobs", fixture.body_of("net"));
  CHECK(response.status == 201);
  CHECK(std::get<Json>(response.body).dump() == R"({"id":1,"name":"net","warnings":[]})");
  CHECK(fixture.json("GET", "/v1/jobs/net")["state"] == "running");
  const Json definition = fixture.json("GET", "/v1/jobs/1/definition");
  CHECK(definition["owner_uid"] == ::geteuid());
  CHECK(definition["resolved"]["threads"] == 3);
  CHECK(fixture.json("GET", "/v1/status")["running"] == 1);
  CHECK(fixture.json("GET", "/v1/status")["fingerprint"] == "cpu 1");
}

TEST_CASE("what a submission lacks is said, and nothing is queued") {
  ApiFixture fixture;
  CHECK(fixture.refusal("POST", "/v1/jobs") == ErrorCode::invalid);
  CHECK(fixture.refusal("POST", "/v1/jobs", "[]") == ErrorCode::invalid);
  CHECK(fixture.refusal("POST", "/v1/jobs", "{\"job\":") == ErrorCode::invalid);
  CHECK(fixture.refusal("POST", "/v1/jobs", R"({"job":{},"job_file":""})") == ErrorCode::invalid);
  fixture.world.space.ops[0].precisions = {ampd::Precision::fp32};
  fixture.world.space.ops[1].precisions = {ampd::Precision::fp32};
  fixture.world.space.ops[2].precisions = {ampd::Precision::fp32};
  const auto [code, sentence] =
      error_of([&] { fixture.answer("POST", "/v1/jobs", fixture.body_of("net")); });
  CHECK(code == ErrorCode::unsupported);
  CHECK(sentence.find("can be tuned to bf16") != std::string::npos);
  CHECK(fixture.json("GET", "/v1/jobs").empty());
}

TEST_CASE("other users may look and not touch") {
  ApiFixture fixture;
  fixture.submit();
  const uid_t other = ::geteuid() + 1;
  CHECK(fixture.answer("GET", "/v1/jobs", "", other).status == 200);
  CHECK(fixture.refusal("POST", "/v1/jobs/1/pause", "", other) == ErrorCode::denied);
  CHECK(fixture.refusal("POST", "/v1/jobs", fixture.body_of("net"), other) == ErrorCode::denied);
  CHECK(fixture.refusal("DELETE", "/v1/jobs/1", "", other) == ErrorCode::denied);
  CHECK(fixture.json("GET", "/v1/jobs/1")["state"] == "running");
}

TEST_CASE("a job is led through its states") {
  ApiFixture fixture;
  fixture.submit();
  fixture.submit("second");
  const auto state = [&](const std::string& order) {
    return fixture.json("POST", "/v1/jobs/second/" + order)["state"];
  };
  CHECK(state("pause") == "paused");
  CHECK(fixture.refusal("POST", "/v1/jobs/second/pause") == ErrorCode::conflict);
  CHECK(state("resume") == "queued");
  CHECK(state("cancel") == "cancelled");
  CHECK(state("retry") == "queued");
  CHECK(fixture.json("DELETE", "/v1/jobs/second").dump() == R"({"id":2})");
  CHECK(fixture.refusal("GET", "/v1/jobs/second") == ErrorCode::not_found);
  CHECK(fixture.refusal("DELETE", "/v1/jobs/1") == ErrorCode::conflict);
  CHECK(fixture.changes() == 5);
}

TEST_CASE("what is not there, or not so, is refused") {
  ApiFixture fixture;
  fixture.submit();
  CHECK(fixture.refusal("GET", "/") == ErrorCode::not_found);
  CHECK(fixture.refusal("GET", "/v2/jobs") == ErrorCode::not_found);
  CHECK(fixture.refusal("GET", "/v1/jobs/other") == ErrorCode::not_found);
  CHECK(fixture.refusal("POST", "/v1/jobs/1/explode") == ErrorCode::not_found);
  CHECK(fixture.refusal("PUT", "/v1/jobs") == ErrorCode::invalid);
  CHECK(fixture.refusal("DELETE", "/v1/jobs") == ErrorCode::invalid);
}

TEST_CASE("the model comes back as it was submitted") {
  ApiFixture fixture;
  fixture.submit();
  const Response response = fixture.answer("GET", "/v1/jobs/1/model");
  const auto& file = std::get<ampd::base::FileDescriptor>(response.body);
  CHECK(ampd::base::read_descriptor(file.get(), "model", 100).size() == 9);  // "model net"
}

TEST_CASE("progress tells of the running job what it is at, and of the next its place") {
  ApiFixture fixture;
  fixture.submit();
  fixture.submit("second");
  fixture.run_to(1, 2);
  const Json running = fixture.json("GET", "/v1/jobs/1/progress");
  CHECK(running["state"] == "running");
  CHECK(running["phase"] == "evaluating");
  CHECK(running["stage"] == "model_wise");
  CHECK(running["trials_done"] == 1);
  CHECK(running["trials_at_most"] == 7);
  CHECK(running["batches_done"] == 2);
  CHECK(running["queue_position"].is_null());
  const Json queued = fixture.json("GET", "/v1/jobs/2/progress");
  CHECK(queued["queue_position"] == 1);
  CHECK(queued["phase"].is_null());
}

TEST_CASE("a watch tells what happens until the job has ended") {
  ApiFixture fixture;
  fixture.submit();
  const Response response = fixture.answer("GET", "/v1/jobs/1/watch");
  const auto& lines = std::get<ampd::daemon::Lines>(response.body);
  const auto next = [&] { return fixture.wait(lines()); };
  CHECK(next()->at("progress").at("state") == "running");
  fixture.run();
  ++fixture.changes();
  std::vector<Json> seen;
  while (const std::optional<Json> line = next()) seen.push_back(*line);
  REQUIRE(seen.size() > 3);
  CHECK(seen.front().at("event").at("kind") == "trial");
  CHECK(seen.back().at("progress").at("state") == "done");
}
