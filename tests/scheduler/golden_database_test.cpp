// Databases that earlier builds wrote, one for each schema: each is brought up to date, and its
// jobs, one finished, one killed inside a pass, one still queued, end as they do today.
#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "scheduler/scheduler_fixture.hpp"
#include "store/check.hpp"
#include "store/database.hpp"
#include "store/migrations.hpp"

namespace {

constexpr std::size_t sql_bytes_max = 1 << 20;

std::string path_of(std::size_t version) {
  return AMPD_PROJECT_ROOT "/tests/golden/schema_" + std::to_string(version) + ".sql";
}

/// A state directory whose jobs' files are copies among its blobs alone, so that it can be moved.
class GoldenFixture : public SchedulerFixture {
 public:
  GoldenFixture() {
    world.configs_max = 2;
    for (const char* name : names) {
      store().blobs().add_text(model(name));
      store().blobs().add_text(file(name));
    }
  }

  void submit(const std::string& name, double tolerance) {
    ampd::scheduler::Submission submission = this->submission(name);
    submission.job.folder = "/golden";
    submission.job.model_path = "/golden/" + name + ".onnx";
    submission.job.settings.criterion.tolerance = tolerance;
    submission.job_file = file(name);
    scheduler().submit(submission);
  }

  void make_jobs() {
    submit("finished", 0.004);
    run();
    submit("killed", -0.5);
    run_to(2, 3);
    submit("queued", 0.004);
  }

  std::string results() { return result(1) + result(2) + result(3); }

  void replace_database(const std::string& sql) {
    close();
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(directory().database().string() + suffix);
    }
    SQLite::Database(directory().database().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
        .exec(sql);
    open();
  }

 private:
  static constexpr const char* names[] = {"finished", "killed", "queued"};
  static std::string model(const std::string& name) { return "model " + name; }
  static std::string file(const std::string& name) { return "model: " + name; }
};

}  // namespace

TEST_CASE("a database of each schema is brought up to date, and its jobs end as they do today") {
  GoldenFixture today;
  today.make_jobs();
  today.run();
  for (std::size_t version = 1; version <= ampd::store::migrations().size(); ++version) {
    CAPTURE(version);
    GoldenFixture fixture;
    fixture.replace_database(ampd::base::read_text(path_of(version), sql_bytes_max));
    CHECK(ampd::store::check(fixture.directory(), ampd::store::CheckDepth::full).empty());
    CHECK(fixture.result(1) == today.result(1));
    CHECK(fixture.state(2) == "running");
    CHECK(fixture.state(3) == "queued");
    CHECK(fixture.trials(2, "seq").size() == 2);
    fixture.run();
    CHECK(fixture.results() == today.results());
    CHECK(fixture.messages(2, "resumed").size() == 1);
  }
}

TEST_CASE("the golden database of the newest schema is written" * doctest::skip()) {
  const std::string path = path_of(ampd::store::migrations().size());
  REQUIRE_FALSE(std::filesystem::exists(path));
  GoldenFixture fixture;
  fixture.make_jobs();
  fixture.close();
  const std::string database = fixture.directory().database().string();
  const std::string version = std::to_string(ampd::store::migrations().size());
  REQUIRE(std::system(("sqlite3 -batch " + database + " .dump > " + path).c_str()) == 0);
  REQUIRE(
      std::system(("echo 'PRAGMA application_id = " + std::to_string(ampd::store::application_id) +
                   "; PRAGMA user_version = " + version + ";' >> " + path)
                      .c_str()) == 0);
}
