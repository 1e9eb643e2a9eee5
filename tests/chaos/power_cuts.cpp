// Power cuts, modelled: of what was written and not synced, any part may be missing or torn. Every
// database that a cut can leave is whole, has all trials that were told of, and goes on from there.
#include <algorithm>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>

#include "scheduler/scheduler_fixture.hpp"
#include "store/check.hpp"
#include "store/faulty_vfs.hpp"
#include "suite.hpp"

namespace {

using Operation = FaultyVfs::Operation;

struct Change {
  Operation operation;
  std::string file;
  std::size_t at = 0;  // of a write; of a truncation: the new size
  std::string bytes = {};
  bool is_folder_synced = false;
  std::int64_t trials_told = 0;  // before it
};

/// The files of a database, by the ends of their names.
using Files = std::map<std::string, std::string>;

void apply(Files& files, const Change& change, std::size_t from, std::size_t size) {
  std::string& content = files[change.file];
  content.resize(std::max(content.size(), change.at + from + size));
  std::memcpy(content.data() + change.at + from, change.bytes.data() + from, size);
}

void apply(Files& files, const Change& change) {
  if (change.operation == Operation::write) apply(files, change, 0, change.bytes.size());
  if (change.operation == Operation::truncate) files[change.file].resize(change.at);
  if (change.operation == Operation::remove) files.erase(change.file);
}

/// What a disk holds: what is safe on it, and what has only been asked of it.
class Disk {
 public:
  void take(const Change& change) {
    const bool is_removed = change.operation == Operation::remove && change.is_folder_synced;
    if (change.operation != Operation::sync && !is_removed) {
      pending_.push_back(change);
      return;
    }
    std::erase_if(pending_, [&](const Change& each) {
      if (each.file != change.file) return false;
      apply(safe_, each);
      return true;
    });
    if (is_removed) safe_.erase(change.file);
  }

  /// After a cut: each thing that was asked for is there, missing, or there in some of its sectors.
  Files cut(Random& random) const {
    Files files = safe_;
    const std::size_t sector = random.chance(0.5) ? 512 : 4096;
    for (const Change& change : pending_) {
      const std::int64_t fate = random.below(3);
      if (fate == 0) continue;
      if (fate == 1 || change.operation != Operation::write) {
        apply(files, change);
        continue;
      }
      for (std::size_t from = 0; from < change.bytes.size(); from += sector) {
        if (random.chance(0.5)) {
          apply(files, change, from, std::min(sector, change.bytes.size() - from));
        }
      }
    }
    return files;
  }

 private:
  Files safe_;
  std::deque<Change> pending_;
};

class Recording : public SchedulerFixture {
 public:
  Recording(Random& random, bool is_control)
      : SchedulerFixture(static_cast<std::size_t>(random.between(1, 3))) {
    close();
    std::filesystem::remove_all(directory().path());
    world.batches = random.between(1, 3);
    world.configs_max = static_cast<std::size_t>(random.between(1, 4));
    options.vfs = FaultyVfs::name();
    if (is_control) options.synchronous = "OFF";
    FaultyVfs::changed = [this](const FaultyVfs::Change& change) { note(change); };
    on_event = [this](const ampd::store::Event& event) {
      if (event.note.kind == ampd::store::EventKind::trial) ++trials_told_;
    };
    open();
    submit();
    run();
    expected = result(1);
    close();
    FaultyVfs::changed = nullptr;
  }
  ~Recording() { FaultyVfs::changed = nullptr; }

  std::vector<Change> changes;
  std::string expected;

 private:
  void note(const FaultyVfs::Change& change) {
    const std::string name = std::filesystem::path(change.path).filename();
    changes.push_back({change.operation, name, static_cast<std::size_t>(change.at),
                       std::string(change.bytes), change.is_folder_synced, trials_told_});
  }

  std::int64_t trials_told_ = 0;
};

/// Another machine's view of the state directory after the cut.
class Aftermath : public SchedulerFixture {
 public:
  explicit Aftermath(Recording& recording)
      : SchedulerFixture(recording.world.space.ops.size()), recording_(recording) {
    close();
    world.batches = recording.world.batches;
    world.configs_max = recording.world.configs_max;
  }

  void judge(const Files& files, std::int64_t trials_told, bool finishes) {
    for (const char* name : {"ampd.db", "ampd.db-wal", "ampd.db-shm", "ampd.db-journal"}) {
      std::filesystem::remove(directory().path() / name);
    }
    for (const auto& [name, content] : files) {
      std::ofstream(directory().path() / name, std::ios::binary) << content;
    }
    if (finishes) {
      std::filesystem::copy(
          recording_.directory().blobs(), directory().blobs(),
          std::filesystem::copy_options::recursive | std::filesystem::copy_options::skip_existing);
    }
    open_without_start();
    const std::vector<ampd::store::Row> jobs = reader().jobs();
    const std::int64_t trials = jobs.empty() ? 0 : std::ssize(reader().trials(1));
    REQUIRE(trials >= trials_told);
    if (finishes && !jobs.empty()) finish();
    close();
  }

 private:
  /// No history is damaged, and the job ends as the one that was not cut.
  void finish() {
    std::string problems;
    for (const auto& problem : check(directory(), ampd::store::CheckDepth::full)) {
      problems += problem.sentence + "\n";
    }
    REQUIRE(problems == "");
    scheduler().start();
    run();
    REQUIRE(result(1) == recording_.expected);
  }

  Recording& recording_;
};

constexpr std::int64_t images_between_finishes = 50;

std::int64_t cut_everywhere(std::uint64_t seed, bool is_control) {
  Random random(seed);
  Recording recording(random, is_control);
  Aftermath aftermath(recording);
  Disk disk;
  std::int64_t images = 0;
  for (const Change& change : recording.changes) {
    const bool finishes = random.below(images_between_finishes) == 0;
    aftermath.judge(disk.cut(random), change.trials_told, finishes);
    disk.take(change);
    ++images;
  }
  return images;
}

}  // namespace

int main(int argc, char** argv) {
  return run_suite(argc, argv, cut_everywhere);
}
