// Damage to the files of a state directory: bits flipped, sectors lost, ends cut off. What alters a
// trial is found before it is used, and the other jobs go on.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "scheduler/scheduler_fixture.hpp"
#include "store/check.hpp"
#include "suite.hpp"

namespace {

using ampd::store::Row;

constexpr const char* database_name = "ampd.db";
constexpr const char* log_name = "ampd.db-wal";

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// What of a job must be right if nobody says that it is damaged.
std::string tables(SchedulerFixture& fixture, std::int64_t job) {
  std::string text = fixture.show(job, "best_seq").dump() + "\n";
  for (Row row : fixture.reader().trials(job)) {
    for (const char* key : {"attempts", "started_at", "finished_at", "seconds"}) row.erase(key);
    text += row.dump() + "\n";
    for (const Row& op : fixture.reader().trial_ops(job, row.at("seq"))) text += op.dump() + "\n";
  }
  for (const Row& row : fixture.reader().rankings(job)) text += row.dump() + "\n";
  return text;
}

using Files = std::map<std::string, std::string>;  // content by name

/// One job done, one in its third stage: as a daemon leaves them that is killed, with a part in the
/// log only, and as one that is stopped.
class Victim : public SchedulerFixture {
 public:
  Victim() : SchedulerFixture(6) {
    submit("first");
    run();
    submit("second");
    kill_and_open();
    run_to(9);
    killed = files();
    close();
    stopped = files();
    open();
    run();
    for (const std::int64_t job : {1, 2}) expected[job] = tables(*this, job);
  }

  Files killed;
  Files stopped;
  std::map<std::int64_t, std::string> expected;

 private:
  Files files() const {
    Files all;
    for (const char* name : {database_name, log_name}) {
      all[name] = content_of(directory().path() / name);
    }
    return all;
  }
};

/// Anywhere, or, in half of the cases, behind the state in the row of a trial.
std::size_t place_in(const std::string& bytes, Random& random) {
  std::vector<std::size_t> states;
  for (std::size_t at = bytes.find("done"); at != std::string::npos;
       at = bytes.find("done", at + 1)) {
    const std::string_view before = std::string_view(bytes).substr(0, at);
    if (before.ends_with("fallback") || before.substr(0, at - 1).ends_with("fallback")) {
      states.push_back(at);
    }
  }
  if (states.empty() || random.chance(0.5)) {
    return static_cast<std::size_t>(random.below(std::ssize(bytes)));
  }
  constexpr std::int64_t row_bytes = 120;
  const std::size_t state = states[static_cast<std::size_t>(random.below(std::ssize(states)))];
  return std::min(state + static_cast<std::size_t>(random.below(row_bytes)), bytes.size() - 1);
}

void flip_bit(std::string& bytes, Random& random) {
  const std::size_t at = place_in(bytes, random);
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
}

void lose_sector(std::string& bytes, Random& random) {
  constexpr std::size_t sector_bytes = 512;
  const std::size_t start = place_in(bytes, random) / sector_bytes * sector_bytes;
  const std::size_t end = std::min(start + sector_bytes, bytes.size());
  for (std::size_t i = start; i < end; ++i) bytes[i] = static_cast<char>(random.below(256));
}

Files damaged(const Victim& victim, Random& random) {
  Files files = random.chance(0.5) ? victim.killed : victim.stopped;
  const bool has_log = !files[log_name].empty();
  std::string& bytes = files[has_log && random.chance(0.5) ? log_name : database_name];
  const std::int64_t kind = random.below(10);
  if (kind < 7) {
    flip_bit(bytes, random);
  } else if (kind < 9) {
    lose_sector(bytes, random);
  } else {
    bytes.resize(static_cast<std::size_t>(random.below(std::ssize(bytes))));
  }
  return files;
}

class Inquest {
 public:
  Inquest(Victim& victim, bool is_control) : victim_(victim), is_control_(is_control) {}

  /// Throws when something wrong is taken for right.
  void hold(const Files& files) {
    victim_.close();
    victim_.failures.clear();
    put(files);
    try {
      victim_.open_without_start();
      if (is_control_) return compare();
      victim_.scheduler().start();
      victim_.run();
      if (victim_.failures.empty()) compare();
    } catch (const ampd::Error& error) {
      REQUIRE(std::string(error.what()) != "");
    }
  }

 private:
  void put(const Files& files) {
    const std::filesystem::path folder = victim_.directory().path();
    std::filesystem::remove(folder / (std::string(database_name) + "-shm"));
    for (const auto& [name, bytes] : files) {
      std::ofstream(folder / name, std::ios::binary | std::ios::trunc) << bytes;
    }
  }

  /// Whether the damage is known to be, or may be, in this job.
  bool is_known_damaged(std::int64_t job) const {
    return std::ranges::any_of(problems_, [&](const ampd::store::Problem& problem) {
      return !problem.job || problem.job == job;
    });
  }

  /// Jobs that nobody calls damaged are right. In the control nobody is asked, as by a program that
  /// trusts what SQLite gives it.
  void compare() {
    problems_.clear();
    if (!is_control_) problems_ = check(victim_.directory(), ampd::store::CheckDepth::full);
    for (const Row& row : victim_.reader().jobs()) {
      const std::int64_t job = row.at("id");
      if (is_known_damaged(job)) continue;
      const std::string state = row.at("state");
      CAPTURE(job);
      if (state == "done") {
        const std::string found = tables(victim_, job);
        CAPTURE(found);
        REQUIRE(found == victim_.expected.at(job));
      }
      if (!is_control_) REQUIRE(state == "done");
    }
  }

  Victim& victim_;
  bool is_control_;
  std::vector<ampd::store::Problem> problems_;
};

std::int64_t damage_once(std::uint64_t seed, bool is_control) {
  static Victim victim;
  Random random(seed);
  Inquest(victim, is_control).hold(damaged(victim, random));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  return run_suite(argc, argv, damage_once);
}
