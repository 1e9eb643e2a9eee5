#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>

#include "base/files.hpp"
#include "runner/death.hpp"
#include "runner/loop.hpp"
#include "temporary_folder.hpp"

using namespace ampd;
using namespace ampd::runner;

namespace {

pid_t number(const std::string& text) {
  pid_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_alive(pid_t process) {
  return ::kill(process, 0) == 0;
}

bool contains(const std::string& text, const std::string& part) {
  CAPTURE(text);
  CAPTURE(part);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

std::string content(const base::FileDescriptor& file) {
  const std::vector<std::byte> bytes = base::read_descriptor(file.get(), "it", 1000);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("an order comes back answered, with every step on the way") {
  Loop loop;
  CHECK(loop.play("answer").reply<protocol::Hashed>() != nullptr);
  CHECK(loop.play("drip").reply<protocol::Hashed>() != nullptr);
  const Told told = loop.play("progress/50");
  CHECK(told.events.size() == 101);
  CHECK(told.reply<protocol::Hashed>() != nullptr);
  const auto& progress = std::get<protocol::Progress>(std::get<protocol::Reply>(told.events[98]));
  CHECK(progress.batches_done == 50);
}

TEST_CASE("a worker serves further orders of its thread count, and no other") {
  Loop loop;
  const std::string first = loop.play("process").failure();
  CHECK(loop.play("process").failure() == first);
  const std::string second = loop.play("process", 2).failure();
  CHECK(second != first);
  CHECK(loop.play("environment/OMP_NUM_THREADS", 2).failure() == "2");
  loop.run_until([&] { return !is_alive(number(first)); });
}

TEST_CASE("a worker serves orders that name no more files than it may read, and no other") {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) base::write_file(folder / name, name);
  Loop loop;
  const auto process = [&loop](std::vector<std::filesystem::path> paths) {
    paths.insert(paths.begin(), "/process");
    return loop.order(protocol::Hash{std::move(paths)}).failure();
  };
  const std::string first = process({folder / "a", folder / "b"});
  CHECK(process({folder / "b"}) == first);
  CHECK(process({folder / "missing"}) == first);
  base::write_file(folder / "new", "b");
  std::filesystem::rename(folder / "new", folder / "b");
  const std::string second = process({folder / "b"});
  CHECK(second != first);
  CHECK(process({folder / "a"}) != second);
}

TEST_CASE("no thread count means the physical cores") {
  Loop loop;
  CHECK(number(loop.play("environment/OMP_NUM_THREADS", 0).failure()) >= 1);
}

TEST_CASE("a worker has its own group, its OpenMP settings and no descriptor of ours") {
  ::setenv("OMP_WAIT_POLICY", "active", 1);
  ::setenv("NOTIFY_SOCKET", "/run/x", 1);
  Loop loop;
  const base::FileDescriptor ours(::dup(0));
  CHECK(loop.play("group").failure() == "own");
  CHECK(loop.play("environment/GOMP_SPINCOUNT").failure() == "2000");
  CHECK(loop.play("environment/OMP_WAIT_POLICY").failure() == "not set");
  CHECK(loop.play("environment/NOTIFY_SOCKET").failure() == "not set");
  CHECK(loop.play("descriptors").failure() == "0 1 2 3 ");
  ::unsetenv("OMP_WAIT_POLICY");
  ::unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("a worker that dies is told with its signal and its last words") {
  Loop loop;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    const Died died = loop.play("signal/" + std::to_string(signal)).died();
    contains(died.reason, "killed by " + signal_name(signal));
    CHECK(!died.by_outside);
    CHECK(!died.not_started);
  }
  contains(loop.play("exit/3").died().reason, "ended with status 3");
  contains(loop.play("stderr/3").died().reason,
           "(Aborted); its last output: \"line 1 | line 2 | line 3 | the cause\"");
  const std::string flood = loop.play("stderr/200000").died().reason;
  contains(flood, "line 200000 | the cause\"");
  CHECK(flood.size() < 2000);
  CHECK(loop.play("answer").reply<protocol::Hashed>() != nullptr);
}

TEST_CASE("a worker that somebody else ends says nothing of its order") {
  Loop loop;
  for (const int signal : {SIGKILL, SIGTERM, SIGINT}) {
    const pid_t worker = number(loop.play("process").failure());
    loop.runner.start(protocol::Hash{{"/hang"}}, 1, loop.listener());
    ::kill(worker, signal);
    const Died died = loop.finish().died();
    contains(died.reason, "from outside");
    CHECK(died.by_outside);
    CHECK(!died.not_started);
  }
}

TEST_CASE("a worker that died between orders is replaced unnoticed") {
  Loop loop;
  for (const bool noticed : {true, false}) {
    const auto worker = number(loop.play("process").failure());
    ::kill(worker, SIGKILL);
    siginfo_t ended;
    REQUIRE(::waitid(P_PID, static_cast<id_t>(worker), &ended, WEXITED | WNOWAIT) == 0);
    while (is_alive(worker) && noticed) loop.loop.poll();
    CHECK(loop.play("answer").reply<protocol::Hashed>() != nullptr);
  }
}

TEST_CASE("an order that ends every worker is told after the second") {
  Loop loop;
  loop.play("answer");
  contains(loop.play("signal/11").died().reason, "Segmentation fault");
}

TEST_CASE("a worker that breaks the protocol is killed, and the sentence says how") {
  struct Row {
    const char* scene;
    const char* reason;
  };
  const std::vector<Row> rows{{"bytes/Segmentation fault", "bytes that do not begin a message"},
                              {"bytes/AMPDxxxxxxxx", "beyond the limits"},
                              {"wrong_kind", "a reply belongs to no order"},
                              {"too_many_digests", "a reply belongs to no order"},
                              {"files_unasked/2", "the wrong number of open files"},
                              {"files_unasked/240", "the wrong number of open files"},
                              {"files_promised", "announces 3 open files and brings 1"},
                              {"files_alone", "more open files came than were announced"}};
  Loop loop;
  loop.play("answer");
  const std::size_t descriptors = open_descriptors();
  for (const Row& row : rows) {
    const pid_t worker = number(loop.play("process").failure());
    const Died died = loop.play(row.scene).died();
    contains(died.reason, "protocol: ");
    contains(died.reason, row.reason);
    CHECK(!died.by_outside);
    CHECK(!is_alive(worker));
  }
  CHECK(loop.play("answer").reply<protocol::Hashed>() != nullptr);
  CHECK(open_descriptors() == descriptors);
}

TEST_CASE("every half answer is a death, a whole one is an answer") {
  Loop loop;
  for (int size = 0; size < 110; size += 10) {
    contains(loop.play("half/" + std::to_string(size)).died().reason, "ended with status 0");
  }
  CHECK(loop.play("half/100000").reply<protocol::Hashed>() != nullptr);
}

TEST_CASE("an answer counts though its worker dies or errs right after it") {
  Loop loop;
  for (const char* scene : {"answer_and_die", "answer_twice"}) {
    const Told told = loop.play(scene);
    CHECK(told.reply<protocol::Hashed>() != nullptr);
    CHECK(loop.play("answer").reply<protocol::Hashed>() != nullptr);
  }
}

TEST_CASE("a worker that closes its connection does not stay") {
  Loop loop;
  const pid_t worker = number(loop.play("process").failure());
  contains(loop.play("close").died().reason, "closed its connection");
  CHECK(!is_alive(worker));
}

TEST_CASE("a silent worker is killed, a slow one is not") {
  WorkerRunner::Settings settings = Loop::test_settings();
  settings.silence_max = std::chrono::milliseconds(400);
  Loop loop(settings);
  CHECK(loop.play("slow/150").reply<protocol::Hashed>() != nullptr);
  const pid_t worker = number(loop.play("process").failure());
  const Died died = loop.play("hang").died();
  contains(died.reason, "no sign of life");
  CHECK(!died.by_outside);
  CHECK(!is_alive(worker));
  contains(loop.play("signal/" + std::to_string(SIGSTOP)).died().reason, "no sign of life");
  CHECK(loop.play("answer").reply<protocol::Hashed>() != nullptr);
}

TEST_CASE("files come with a reply, whole and in order") {
  Loop loop;
  loop.play("answer");
  const std::size_t before = open_descriptors();
  for (const std::size_t count : {1, 2, 17, 240}) {
    const Told told = loop.order(protocol::Execute{{"/m", "/", std::string(count, 'x')}, {}, {}});
    REQUIRE(told.reply<protocol::Executed>() != nullptr);
    REQUIRE(told.descriptors.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(content(told.descriptors[i]) == "content " + std::to_string(i));
    }
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("a stopped order ends with its checkpoint, and the worker goes on") {
  Loop loop;
  const std::string worker = loop.play("process").failure();
  loop.on_event = [&] { loop.runner.stop(); };
  const Told told = loop.play("until_stopped");
  loop.on_event = nullptr;
  CHECK(told.reply<protocol::Stopped>() != nullptr);
  REQUIRE(told.events.size() == 3);
  const auto& reply = std::get<protocol::Reply>(told.events[1]);
  CHECK(std::get<protocol::Checkpoint>(reply).state["batch"] == 7);
  CHECK(loop.play("process").failure() == worker);
}

TEST_CASE("a killed order says nothing more, and leaves no process") {
  Loop loop;
  const pid_t worker = number(loop.play("process").failure());
  bool told = false;
  loop.runner.start(protocol::Hash{{"/hang"}}, 1, [&](auto&&...) { told = true; });
  loop.loop.poll();
  loop.runner.kill();
  CHECK(!loop.runner.is_running());
  loop.run_until([&] { return !is_alive(worker); });
  CHECK(!told);
  CHECK(loop.play("answer").reply<protocol::Hashed>() != nullptr);
}

TEST_CASE("the listener may start the next order, or kill its own") {
  Loop loop;
  int answers = 0;
  Listener next;
  next = [&](Event event, std::vector<base::FileDescriptor>) {
    CHECK(std::holds_alternative<protocol::Reply>(event));
    if (++answers < 20) loop.runner.start(protocol::Hash{{"/answer"}}, 1, next);
  };
  loop.runner.start(protocol::Hash{{"/answer"}}, 1, next);
  loop.run_until([&] { return answers == 20; });

  int events = 0;
  loop.runner.start(protocol::Hash{{"/progress/100"}}, 1, [&](auto&&...) {
    ++events;
    loop.runner.kill();
  });
  loop.run_until([&] { return events == 1; });
  CHECK(loop.play("answer").reply<protocol::Hashed>() != nullptr);
  CHECK(events == 1);
}

TEST_CASE("an idle worker is ended") {
  WorkerRunner::Settings settings = Loop::test_settings();
  settings.idle_max = std::chrono::milliseconds(100);
  Loop loop(settings);
  const pid_t worker = number(loop.play("process").failure());
  CHECK(is_alive(worker));
  loop.run_until([&] { return !is_alive(worker); });
  CHECK(loop.play("answer").reply<protocol::Hashed>() != nullptr);
}

TEST_CASE("a runner takes its worker along") {
  pid_t worker = 0;
  {
    Loop loop;
    worker = number(loop.play("process").failure());
    loop.runner.start(protocol::Hash{{"/hang"}}, 1, [](auto&&...) {});
  }
  CHECK(!is_alive(worker));
}

TEST_CASE("what is no worker is told as not started, and is not tried in a hurry") {
  const TemporaryFolder folder;
  base::write_file(folder / "noise", "#!/bin/sh\necho hello >&3\nsleep 60\n", 0755);
  base::write_file(folder / "broken", "#!/bin/sh\necho no library >&2\nexit 127\n", 0755);
  base::write_file(folder / "plain", "not a program", 0644);
  struct Row {
    std::string program;
    const char* reason;
  };
  const std::vector<Row> rows{
      {folder / "missing", "cannot start "},
      {folder / "plain", "Permission denied"},
      {folder / "noise", "do not begin a message"},
      {folder / "broken", "ended with status 127; its last output: \"no library\""}};
  for (const Row& row : rows) {
    WorkerRunner::Settings settings = Loop::test_settings();
    settings.program = row.program;
    settings.first_delay = std::chrono::milliseconds(60);
    settings.last_delay = std::chrono::milliseconds(100);
    Loop loop(settings);
    const auto started = std::chrono::steady_clock::now();
    for (int attempt = 0; attempt < 4; ++attempt) {
      const Died died = loop.play("answer").died();
      contains(died.reason, row.reason);
      CHECK(died.not_started);
      CHECK(died.by_outside);
    }
    CHECK(std::chrono::steady_clock::now() - started >= std::chrono::milliseconds(60 + 100 + 100));
  }
}

TEST_CASE("an order that waits for its worker can be stopped and killed") {
  WorkerRunner::Settings settings = Loop::test_settings();
  settings.program = "/does/not/exist";
  settings.first_delay = std::chrono::seconds(30);
  Loop loop(settings);
  loop.play("answer");
  loop.runner.start(protocol::Hash{{"/answer"}}, 1, loop.listener());
  loop.runner.stop();
  CHECK(loop.finish().reply<protocol::Stopped>() != nullptr);
  bool told = false;
  loop.runner.start(protocol::Hash{{"/answer"}}, 1, [&](auto&&...) { told = true; });
  loop.runner.kill();
  CHECK(!loop.runner.is_running());
  loop.loop.poll();
  CHECK(!told);
}

TEST_CASE("an order that fits no message fails, and the worker serves the next") {
  Loop loop;
  const std::string worker = loop.play("process").failure();
  contains(loop.play("\xff").failure(), "not UTF-8");
  protocol::Hash large;
  large.paths.assign(200'000, "/" + std::string(100, 'x'));
  contains(loop.order(large).failure(), "the limit is");
  CHECK(loop.play("process").failure() == worker);
}

TEST_CASE("a large order reaches its worker") {
  Loop loop;
  protocol::Hash large;
  large.paths.assign(100'000, "/" + std::string(100, 'x'));
  large.paths.front() = "/process";
  CHECK(number(loop.order(large).failure()) > 0);
}
