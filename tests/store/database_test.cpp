#include "store/database.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/digest.hpp"
#include "store/faulty_vfs.hpp"
#include "store/migrations.hpp"
#include "store/store_fixture.hpp"

using ampd::ErrorCode;
using ampd::store::Database;
using ampd::store::Reader;
using ampd::store::Store;

namespace {

std::string content_of(const std::filesystem::path& path) {
  return ampd::base::read_text(path, 1 << 30);
}

/// Runs `work` as nobody, who is in the group of the state directory, and returns whether it
/// went well. nobody's primary group is the directory's.
bool as_nobody(const std::function<void()>& work) {
  constexpr uid_t nobody = 65534;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(::getgid()) != 0 || ::setuid(nobody) != 0) {
      ::_exit(2);
    }
    try {
      work();
    } catch (const std::exception& exception) {
      const std::string sentence = std::string(exception.what()) + "\n";
      [[maybe_unused]] const ssize_t told = ::write(2, sentence.data(), sentence.size());
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// As the sqlite3 program opens a file: for writing if that is possible.
std::string text_by_sqlite3(const std::filesystem::path& path, const std::string& sql) {
  SQLite::Database database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  return database.execAndGet(sql).getString();
}

}  // namespace

TEST_CASE("a new database is safe against power cuts and names its program and version") {
  StoreFixture fixture;
  const auto database = Database::open_to_write(fixture.directory().database(), {});
  CHECK(database->pragma("application_id") == ampd::store::application_id);
  CHECK(database->pragma("user_version") ==
        static_cast<std::int64_t>(ampd::store::migrations().size()));
  CHECK(database->pragma("synchronous") == 2);
  CHECK(database->pragma("foreign_keys") == 1);
  CHECK(database->pragma("trusted_schema") == 0);
  CHECK(database->pragma("cell_size_check") == 1);
  CHECK(database->pragma("mmap_size") == 0);
  CHECK(text_by_sqlite3(database->path(), "PRAGMA journal_mode") == "wal");
}

TEST_CASE("a write that need not wait for the disk is synced with the next one") {
  const TemporaryFolder folder;
  ampd::store::StoreOptions options;
  options.vfs = FaultyVfs::name();
  const auto database = Database::open_to_write(folder / "ampd.db", options);
  int synced = 0;
  FaultyVfs::changed = [&](const FaultyVfs::Change& change) {
    synced += change.operation == FaultyVfs::Operation::sync ? 1 : 0;
  };
  const auto add_event = [&] {
    database->connection().exec(
        "INSERT INTO event (at, job, level, kind, message) VALUES (1, 1, 'info', 'trial', 'x')");
  };
  database->write(add_event);
  synced = 0;
  database->write_unsynced(add_event);
  CHECK(synced == 0);
  CHECK_THROWS(database->write_unsynced([] { throw 1; }));
  database->write(add_event);
  CHECK(synced > 0);
  FaultyVfs::changed = nullptr;
}

TEST_CASE("a newer database is refused by name and is not touched") {
  StoreFixture fixture;
  fixture.add("job");
  fixture.close();
  const auto path = fixture.directory().database();
  const bool in_file = true;
  for (const bool checkpointed : {in_file, !in_file}) {
    CAPTURE(checkpointed);
    SQLite::Database other(path.string(), SQLite::OPEN_READWRITE);
    if (!checkpointed) other.exec("PRAGMA user_version = 1");
    other.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    other.exec("PRAGMA user_version = 99");
    if (checkpointed) other.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const std::string before = content_of(path) + content_of(path.string() + "-wal");
    const auto [code, sentence] = error_of([&] { fixture.open(); });
    CHECK(code == ErrorCode::corrupt);
    CHECK(sentence.find("version 99") != std::string::npos);
    CHECK(sentence.find("program's version 2") != std::string::npos);
    CHECK(error_of([&] { Reader{fixture.directory()}; }).first == ErrorCode::corrupt);
    CHECK(content_of(path) + content_of(path.string() + "-wal") == before);
  }
}

TEST_CASE("another program's database and a file that is none are refused") {
  StoreFixture fixture;
  fixture.close();
  const auto path = fixture.directory().database();
  const auto refusal = [&](const std::string& bytes) {
    for (const std::string suffix : {"-wal", "-shm"}) {
      std::filesystem::remove(path.string() + suffix);
    }
    if (!bytes.empty()) ampd::base::write_file(path, bytes);
    const std::string before = content_of(path);
    const auto [code, sentence] = error_of([&] { fixture.open(); });
    CHECK(content_of(path) == before);
    CHECK(sentence.find(path.string()) != std::string::npos);
    return code;
  };
  CHECK(refusal("this is a text, and a long one: " + std::string(2000, '.')) == ErrorCode::corrupt);
  std::filesystem::remove(path);
  SQLite::Database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE mine (x)");
  CHECK(refusal("") == ErrorCode::corrupt);
}

TEST_CASE("a truncated database is refused as damaged after an unclean stop") {
  StoreFixture fixture;
  fixture.run(fixture.add("job", 40));
  fixture.close();
  const auto path = fixture.directory().database();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2 / 4096 * 4096);
  ampd::base::write_file(path.string() + "-wal", "not a log", 0640);
  CHECK(error_of([&] { fixture.open(); }).first == ErrorCode::corrupt);
}

TEST_CASE("users with read access only can read while the daemon runs and after it has stopped") {
  if (::getuid() != 0) {
    MESSAGE("skipped: only root can become another user");
    return;
  }
  StoreFixture fixture;
  std::filesystem::permissions(fixture.folder().path(), std::filesystem::perms(0755));
  const std::int64_t job = fixture.add("job");
  fixture.run(job);
  const auto read = [&] {
    const Reader reader(fixture.directory());
    if (reader.trials(job).size() < 5) throw std::runtime_error("trials are missing");
    const std::string sql = "SELECT op FROM rankings ORDER BY rank LIMIT 1";
    if (text_by_sqlite3(fixture.directory().database(), sql) != "op2") {
      throw std::runtime_error("the ranking is not to be had");
    }
  };
  CHECK(as_nobody(read));
  fixture.close();
  CHECK(std::filesystem::exists(fixture.directory().database().string() + "-wal"));
  CHECK(as_nobody(read));

  SUBCASE("also after it was killed") {
    fixture.open();
    fixture.run(fixture.add("another"));
    const ampd::store::StateDirectory left(fixture.folder() / "left");
    left.create();
    for (const std::string suffix : {"", "-wal", "-shm"}) {
      std::filesystem::copy_file(fixture.directory().database().string() + suffix,
                                 left.database().string() + suffix);
    }
    CHECK(std::filesystem::file_size(left.database().string() + "-wal") > 0);
    CHECK(as_nobody([&] {
      if (Reader(left).trials(2).size() < 5) throw std::runtime_error("trials are missing");
      text_by_sqlite3(left.database(), "SELECT name FROM jobs WHERE id = 2");
    }));
  }
  SUBCASE("also from a copy without the log and its index") {
    for (const std::string suffix : {"-wal", "-shm"}) {
      std::filesystem::remove(fixture.directory().database().string() + suffix);
    }
    CHECK(as_nobody([&] { Reader(fixture.directory()).job(job); }));
  }
  SUBCASE("but not without that access") {
    std::filesystem::permissions(fixture.directory().path(), std::filesystem::perms(0700));
    CHECK(as_nobody([&] {
      try {
        Reader reader(fixture.directory());
      } catch (const ampd::Error& error) {
        if (error.code() == ErrorCode::denied) return;
        throw;
      }
      throw std::runtime_error("reading was not denied");
    }));
  }
}

TEST_CASE("a missing database is not found, and reading makes none") {
  const TemporaryFolder folder;
  const ampd::store::StateDirectory directory(folder / "state");
  CHECK(error_of([&] { Reader{directory}; }).first == ErrorCode::not_found);
  CHECK_FALSE(std::filesystem::exists(directory.path()));
}

TEST_CASE("a full disk is told as such, loses nothing and can be overcome") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add("job");
  fixture.run(job, accuracy_by_ops, 1);
  const auto history = fixture.history(job);
  fixture.open({.pages_max = 1});
  ampd::store::Pass pass;
  pass.config_digests = {std::string(64, '0')};
  pass.checkpoint = std::string(1 << 20, 'x');
  const auto [code, sentence] = error_of([&] { fixture.store().save_pass(job, pass); });
  CHECK(code == ErrorCode::exhausted);
  CHECK(sentence.find(fixture.directory().database().string()) != std::string::npos);
  CHECK(fixture.store().reader().trials(job).size() == 1);
  pass.checkpoint = "{}";
  fixture.store().save_pass(job, pass);
  fixture.open();
  CHECK(fixture.history(job).pass == pass);
  fixture.run(job);
  CHECK(fixture.history(job).search.stop_reason().has_value());
}

TEST_CASE("a database that somebody else holds is busy") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add("job");
  fixture.open({.busy_timeout = std::chrono::milliseconds(10)});
  SQLite::Database other(fixture.directory().database().string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  const auto change = [&] {
    fixture.store().add_event(job, {ampd::store::EventKind::warning, "take care"});
  };
  CHECK(error_of([&] { change(); }).first == ErrorCode::busy);
  other.exec("ROLLBACK");
  CHECK_NOTHROW(change());
}

TEST_CASE("a database that was cut off while it was being made is made anew") {
  const TemporaryFolder folder;
  const ampd::store::StateDirectory directory(folder / "state");
  directory.create();
  const pid_t child = ::fork();
  if (child == 0) {
    SQLite::Database database(directory.database().string(),
                              SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec("PRAGMA cache_size = 1; BEGIN; CREATE TABLE part (bytes BLOB);");
    for (int i = 0; i < 50; ++i) database.exec("INSERT INTO part VALUES (zeroblob(4000))");
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(std::filesystem::file_size(directory.database()) > 0);
  REQUIRE(std::filesystem::file_size(directory.database().string() + "-journal") > 0);
  const ManualClock clock;
  const Store store(directory, clock);
  CHECK(store.reader().jobs().empty());
}
