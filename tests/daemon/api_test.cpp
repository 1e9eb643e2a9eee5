#include "daemon/api.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
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

#include "base/digest.hpp"
#include "base/tar_writer.hpp"
#include "daemon/progress.hpp"
#include "daemon/watch.hpp"
#include "scheduler/scheduler_fixture.hpp"
#include "store/faulty_vfs.hpp"

using ampd::Error;
using ampd::ErrorCode;
using ampd::daemon::Api;
using ampd::daemon::Json;
using ampd::daemon::Request;
using ampd::daemon::Response;

namespace {

namespace asio = boost::asio;

std::string packed(const std::string& name, const std::string& content) {
  std::string archive;
  ampd::base::TarWriter writer([&](std::span<const std::byte> bytes) {
    archive.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  writer.file(name, std::ssize(content));
  writer.content(std::as_bytes(std::span(content)));
  writer.finish();
  return archive;
}

/// The API over a scheduler whose workers are scripted, and the loop that both need.
class ApiFixture : public SchedulerFixture {
 public:
  explicit ApiFixture(const ampd::store::StoreOptions& store_options = {})
      : SchedulerFixture(3, store_options),
        inspector_(world, clock),
        api_({.store = store(),
              .scheduler = scheduler(),
              .inspector = inspector_,
              .executor = context_.get_executor(),
              .changes = changes_,
              .changed = [this] { ++changes_; },
              .permission = permission_,
              .upload_bytes_max = upload_bytes_max,
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

  /// A job on what was uploaded for its model and for its data.
  std::string body_with(const std::string& model, const std::string& data) {
    Json body = Json::parse(body_of("net"));
    const std::string path = body["job"]["model_path"];
    body["uploads"] = {{path, model}, {"/data/x.npy", data}};
    return body.dump();
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

  /// Sends `content` as the body of an upload; its digest.
  std::string put(const std::string& content, const std::string& type, uid_t user) {
    Request request;
    request.method = "PUT";
    request.path = {"v1", "blobs", ampd::base::sha256(content)};
    request.peer.user = user;
    request.content_type = type;
    request.body_bytes = content.size();
    const auto receipt = api_.receive(request);
    REQUIRE(receipt);
    receipt->add(std::as_bytes(std::span(content)));
    CHECK(receipt->finish().status == 201);
    return request.path[2];
  }

  std::int64_t upload_bytes_max = 100'000;

 private:
  asio::io_context context_;
  const ampd::daemon::Permission permission_{::geteuid(), 40};
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

TEST_CASE("another user's job is built from what he has uploaded, and is his") {
  ApiFixture fixture;
  const uid_t other = ::geteuid() + 1;
  const std::string model =
      fixture.put(packed("net.onnx", "model net"), "application/x-tar", other);
  const std::string data = fixture.put("data net", "application/octet-stream", other);
  fixture.world.digests[fixture.store().uploads().path(other, model) / "net.onnx"] =
      ampd::base::sha256("model net");
  CHECK(fixture.answer("GET", "/v1/blobs/" + data, "", other).status == 200);
  CHECK(fixture.refusal("GET", "/v1/blobs/" + data) == ErrorCode::not_found);

  const auto refusal = [&](const std::string& of_model, const std::string& of_data, uid_t user) {
    return fixture.refusal("POST", "/v1/jobs", fixture.body_with(of_model, of_data), user);
  };
  CHECK(refusal("", data, other) == ErrorCode::invalid);
  CHECK(refusal(data, data, other) == ErrorCode::invalid);
  CHECK(refusal(model + "/../" + data, data, other) == ErrorCode::invalid);
  CHECK(refusal(model + "/net.onnx", std::string(64, '0'), other) == ErrorCode::not_found);
  CHECK(refusal(model + "/net.onnx", data, other + 1) == ErrorCode::not_found);
  const std::string right = fixture.body_with(model + "/net.onnx", data);
  CHECK(fixture.answer("POST", "/v1/jobs", right, other).status == 201);
  CHECK(fixture.json("GET", "/v1/jobs/1/definition")["owner_uid"] == other);

  CHECK(fixture.refusal("POST", "/v1/jobs/1/pause", "", other + 1) == ErrorCode::denied);
  CHECK(fixture.answer("POST", "/v1/jobs/1/pause", "", other).status == 200);
  CHECK(fixture.answer("DELETE", "/v1/jobs/1", "", other).status == 200);
  CHECK_FALSE(fixture.store().uploads().contains(other, data));
  CHECK_FALSE(fixture.store().uploads().contains(other, model));
}

TEST_CASE("a user keeps no more than his quota, and says how much is to come") {
  ApiFixture fixture;
  fixture.upload_bytes_max = 10;
  const auto refusal = [&](const std::string& content, uid_t user) {
    return error_of([&] { fixture.put(content, "application/octet-stream", user); });
  };
  fixture.put("123456", "application/octet-stream", 1000);
  CHECK(refusal("12345", 1000).first == ErrorCode::exhausted);
  CHECK(refusal("12345", 1000).second.find("you may keep 4 more here") != std::string::npos);
  fixture.put("1234", "application/octet-stream", 1000);
  fixture.put("12345", "application/octet-stream", 1001);
  CHECK(refusal("1", 65534).first == ErrorCode::denied);
}

TEST_CASE("other users may look and not touch") {
  ApiFixture fixture;
  fixture.submit();
  const uid_t other = ::geteuid() + 1;
  CHECK(fixture.answer("GET", "/v1/jobs", "", other).status == 200);
  CHECK(fixture.refusal("POST", "/v1/jobs/1/pause", "", other) == ErrorCode::denied);
  CHECK(fixture.refusal("POST", "/v1/jobs", fixture.body_of("net"), other) == ErrorCode::invalid);
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

TEST_CASE("a job that a full disk stopped is paused, though the store could not be told") {
  const Json row{{"id", 2}, {"state", "running"}, {"error", nullptr}};
  const ampd::scheduler::Status stalled{{}, {}, "the disk is full", 2};
  const Json shown = ampd::daemon::with_stall(row, stalled);
  CHECK(shown["state"] == "paused");
  CHECK(shown["error"] == "the disk is full");
  CHECK(ampd::daemon::with_stall(row, {}) == row);
  CHECK(ampd::daemon::with_stall(row, {{}, {}, "the disk is full", 1}) == row);
  const Json done{{"id", 2}, {"state", "done"}, {"error", nullptr}};
  CHECK(ampd::daemon::with_stall(done, stalled) == done);
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

TEST_CASE("a job whose definition is damaged can still be cancelled by its owner") {
  ApiFixture fixture;
  fixture.submit();
  fixture.submit("second");
  SQLite::Database(fixture.directory().database().string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE job SET model_digest = job_file_digest WHERE id = 2");
  CHECK(fixture.refusal("GET", "/v1/jobs/2/definition") == ErrorCode::corrupt);
  CHECK(fixture.json("POST", "/v1/jobs/2/cancel")["state"] == "cancelled");
}

TEST_CASE("a disk that fails while something is read for a client ends the process") {
  for (const char* address : {"/v1/jobs", "/v1/jobs/net", "/v1/jobs/net/trials"}) {
    CAPTURE(address);
    ApiFixture fixture({.vfs = FaultyVfs::name()});
    fixture.answer("POST", "/v1/jobs", fixture.body_of("net"));
    // So that nothing is answered from the cache.
    SQLite::Database(fixture.directory().database().string(), SQLite::OPEN_READWRITE)
        .exec("CREATE TABLE other (a)");
    FaultyVfs::fault = [](FaultyVfs::Operation operation) {
      return operation == FaultyVfs::Operation::read ? SQLITE_IOERR_READ : SQLITE_OK;
    };
    const auto [code, sentence] = error_of([&] { fixture.answer("GET", address); });
    FaultyVfs::fault = nullptr;
    CHECK(code == ErrorCode::io);
    CHECK(fixture.failures == std::vector<std::string>{sentence});
  }
}
