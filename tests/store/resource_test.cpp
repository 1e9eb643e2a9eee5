#include "store/resource.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "store/store_fixture.hpp"

using ampd::ErrorCode;
using ampd::store::read_resource;
using ampd::store::Resource;
using ampd::store::Row;
using ampd::store::to_target;

namespace {

/// A finished job with the id 1 and the name "net"; its best is the first fallback, seq 2.
class Finished : public StoreFixture {
 public:
  Finished() {
    ampd::store::JobDefinition definition = this->definition("net");
    definition.job.settings.criterion.relative = false;
    definition.job.settings.criterion.tolerance = 0.0301;
    job_ = add(definition);
    run(job_);
  }

  Row read(std::vector<std::string> path, std::map<std::string, std::string> query = {}) {
    return read_resource(store().reader(), {std::move(path), std::move(query)});
  }
  std::pair<ErrorCode, std::string> refusal(std::vector<std::string> path,
                                            std::map<std::string, std::string> query = {}) {
    return error_of([&] { read(path, query); });
  }
  std::int64_t job() const { return job_; }

 private:
  std::int64_t job_ = 0;
};

}  // namespace

TEST_CASE("an address is written so that it can be read back") {
  CHECK(to_target({{"jobs"}, {}}) == "/v1/jobs");
  CHECK(to_target({{"jobs", "a b/c%", "trials"}, {{"after", "3"}, {"last", "5"}}}) ==
        "/v1/jobs/a%20b%2Fc%25/trials?after=3&last=5");
  CHECK(to_target({{"jobs", "\xc3\xa9&?"}, {}}) == "/v1/jobs/%C3%A9%26%3F");
}

TEST_CASE("views are read by address, a job by id or name") {
  Finished fixture;
  const ampd::store::Reader& reader = fixture.store().reader();
  CHECK(fixture.read({"jobs"}).size() == 1);
  CHECK(fixture.read({"jobs", "net"}) == reader.job(fixture.job()));
  CHECK(fixture.read({"jobs", "1"}) == reader.job(1));
  CHECK(fixture.read({"jobs", "1", "trials"}).size() == reader.trials(1).size());
  CHECK(fixture.read({"jobs", "1", "trials"}, {{"last", "1"}})[0] == reader.trials(1).back());
  CHECK(fixture.read({"jobs", "1", "trials"}, {{"after", "0"}, {"limit", "1"}})[0].at("seq") == 1);
  CHECK(fixture.read({"jobs", "1", "trials", "2", "ops"}).size() == 3);
  CHECK(fixture.read({"jobs", "1", "ranking"}).size() == reader.rankings(1).size());
  CHECK(fixture.read({"jobs", "1", "resumes"}).size() == reader.resumes(1).size());
  CHECK(fixture.read({"jobs", "1", "events"}) == fixture.read({"events"}));
}

TEST_CASE("the best config comes with its trial's figures and the goal") {
  Finished fixture;
  const Row best = fixture.read({"jobs", "net", "best"});
  CHECK(best.at("seq") == 2);
  CHECK(best.at("stage") == "fallback");
  CHECK(best.at("meets_goal") == 1);
  CHECK(best.at("baseline_accuracy") == 0.9);
  CHECK(best.at("target_accuracy") == 0.9 - 0.0301);
  CHECK(best.at("higher_is_better") == true);
  CHECK(best.at("precision") == "bf16");
  CHECK(best.at("config").dump() == R"({"ops":{"op0":"bf16","op1":"bf16","op2":"fp32"}})");
}

TEST_CASE("a result holds the job and its best config, or null for what is not there yet") {
  Finished fixture;
  fixture.add("new");
  const Row result = fixture.read({"jobs", "net", "result"});
  CHECK(result.at("job") == fixture.read({"jobs", "net"}));
  CHECK(result.at("best") == fixture.read({"jobs", "net", "best"}));
  CHECK(fixture.read({"jobs", "new", "result"}).at("best").is_null());
  CHECK(fixture.read({"jobs", "new", "result"}).at("message").is_null());
}

TEST_CASE("what was submitted can be read again") {
  Finished fixture;
  const Row definition = fixture.read({"jobs", "net", "definition"});
  CHECK(definition.at("fingerprint") == "cpu 1");
  CHECK(definition.at("inputs")[0].at("path") == "/data/x.npy");
  CHECK(definition.at("ops").size() == 3);
  const auto resolved = nlohmann::json::parse(definition.at("resolved").dump());
  CHECK(ampd::job::from_json(resolved) == fixture.store().reader().record(1).definition.job);
}

TEST_CASE("what is not there is refused") {
  Finished fixture;
  fixture.add("new");
  const std::vector<std::vector<std::string>> absent{
      {}, {"nonsense"}, {"jobs", "other"}, {"jobs", "1", "nonsense"}, {"jobs", "1", "trials", "1"}};
  for (const auto& path : absent) CHECK(fixture.refusal(path).first == ErrorCode::not_found);
  CHECK(fixture.refusal({"jobs", "new", "best"}).first == ErrorCode::conflict);
}

TEST_CASE("a bad query names its parameter") {
  Finished fixture;
  const auto [code, sentence] = fixture.refusal({"jobs"}, {{"last", "-3"}});
  CHECK(code == ErrorCode::invalid);
  CHECK(sentence == "last takes a whole number from 0, not \"-3\"");
  CHECK(fixture.refusal({"jobs"}, {{"first", "3"}}).first == ErrorCode::invalid);
  CHECK(fixture.refusal({"jobs", "1", "trials", "x", "ops"}).first == ErrorCode::invalid);
}
