#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cmath>

#include "runner/loop.hpp"
#include "runner/number.hpp"
#include "temporary_folder.hpp"

using namespace ampd;
using namespace ampd::runner;

namespace {

Command shell(const std::string& script, double timeout_seconds = 0) {
  Command command;
  command.arguments = {"sh", "-c", script};
  command.folder = "/tmp";
  command.timeout_seconds = timeout_seconds;
  return command;
}

std::string outcome(const std::string& script) {
  Loop loop;
  const Told told = loop.command(shell(script));
  const auto* evaluated = told.reply<protocol::Evaluated>();
  return evaluated == nullptr ? told.failure() : format_number(evaluated->verdicts.at(0).accuracy);
}

bool is_alive(pid_t process) {
  return ::kill(process, 0) == 0;
}

pid_t read_number(const std::filesystem::path& file) {
  pid_t value = 0;
  const std::string text =
      std::filesystem::exists(file) ? base::read_text(file, 100) : std::string();
  std::from_chars(text.data(), text.data() + text.size(), value);
  return text.ends_with('\n') ? value : 0;
}

}  // namespace

TEST_CASE("the number on a command's last line is the accuracy") {
  CHECK(outcome("echo 0.5") == "0.5");
  CHECK(outcome("echo loading; echo 12; echo; printf ' -1.25e-3\\t'; echo; echo; echo noise >&2") ==
        "-0.00125");
  CHECK(outcome("printf '+7'") == "7");
  CHECK(outcome("echo nan") == "nan");
  CHECK(outcome("echo -inf") == "-inf");
  CHECK(outcome("yes 1234567890 | head -c 5000000; echo; echo 3") == "3");
}

TEST_CASE("a command without a number fails with what it printed") {
  CHECK(outcome("true") ==
        "the evaluation command sh printed nothing; its last line must be a number");
  CHECK(outcome("echo 0.5; echo done")
            .find("printed no number as its last line; its last output: "
                  "\"0.5 | done\"") != std::string::npos);
  for (const std::string word : {"0,5", "5%", "0.5 0.6", "1e999", "0x10", "--1", "+-1", ".e1"}) {
    CAPTURE(word);
    CHECK(outcome("echo '" + word + "'").find("printed no number") != std::string::npos);
  }
}

TEST_CASE("a command that ends badly fails with its last words") {
  CHECK(outcome("echo 0.5; echo no model >&2; exit 3") ==
        "the evaluation command sh ended with status 3; its last output: \"no model\"");
  CHECK(outcome("kill -SEGV $$").find("killed by signal 11 (Segmentation fault)") !=
        std::string::npos);
}

TEST_CASE("a command that cannot be started fails, with what is missing") {
  Loop loop;
  Command command = shell("");
  command.arguments = {"./no_such_script.sh"};
  CHECK(loop.command(command).failure() ==
        "cannot start ./no_such_script.sh: No such file or directory");
  command.arguments = {"no_such_program_in_path"};
  CHECK(loop.command(command).failure().find("cannot start no_such_program_in_path") == 0);
  command = shell("echo 1");
  command.folder = "/no/such/folder";
  CHECK(loop.command(command).failure().find("cannot start a command in /no/such/folder") == 0);
}

TEST_CASE("a command gets folder and environment") {
  const TemporaryFolder folder;
  ::setenv("AMPD_MODEL", "stale", 1);
  Loop loop;
  Command command = shell("pwd > where; echo $AMPD_MODEL $OTHER >> where; echo 1");
  command.folder = folder.path();
  command.environment = {{"AMPD_MODEL", "/m.onnx"}, {"OTHER", "x y"}};
  REQUIRE(loop.command(command).reply<protocol::Evaluated>() != nullptr);
  CHECK(base::read_text(folder / "where", 1000) == folder.path().string() + "\n/m.onnx x y\n");
  ::unsetenv("AMPD_MODEL");
}

TEST_CASE("a command is killed at its time-out, with all it has started") {
  const TemporaryFolder folder;
  Loop loop;
  const std::string child = (folder / "child").string();
  const auto started = std::chrono::steady_clock::now();
  const Told told =
      loop.command(shell("sh -c 'echo $$ > " + child + "; sleep 100' & echo waiting; wait", 0.5));
  CHECK(told.failure() ==
        "the evaluation command sh was not done after 0.5 seconds; its last output: \"waiting\"");
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(2));
  loop.run_until([&] { return !is_alive(read_number(child)); });
}

TEST_CASE("what a command leaves behind is ended with it, and does not hold up its result") {
  const TemporaryFolder folder;
  Loop loop;
  const std::string child = (folder / "child").string();
  const Told told =
      loop.command(shell("sh -c 'echo $$ > " + child + "; exec sleep 100' & while [ ! -s " + child +
                         " ]; do sleep 0.01; done; echo 0.25"));
  REQUIRE(told.reply<protocol::Evaluated>() != nullptr);
  CHECK(told.reply<protocol::Evaluated>()->verdicts.at(0).accuracy == 0.25);
  CHECK(told.reply<protocol::Evaluated>()->seconds < 10);
  loop.run_until([&] { return !is_alive(read_number(child)); });
}

TEST_CASE("a command can be stopped, and killed without a word") {
  Loop loop;
  loop.runner.start(shell("sleep 100"), loop.listener());
  loop.runner.stop();
  CHECK(loop.finish().reply<protocol::Stopped>() != nullptr);
  bool told = false;
  loop.runner.start(shell("sleep 100"), [&](auto&&...) { told = true; });
  loop.runner.kill();
  CHECK(!loop.runner.is_running());
  loop.loop.poll();
  CHECK(!told);
  CHECK(loop.command(shell("echo 1")).reply<protocol::Evaluated>() != nullptr);
}

TEST_CASE("a command that somebody else kills says nothing of the config") {
  const TemporaryFolder folder;
  Loop loop;
  const std::string file = (folder / "self").string();
  loop.runner.start(shell("echo $$ > " + file + "; sleep 100"), loop.listener());
  loop.run_until([&] { return read_number(file) > 0; });
  ::kill(read_number(file), SIGKILL);
  const Died died = loop.finish().died();
  CHECK(died.by_outside);
  CHECK(died.reason.find("killed by signal 9 (Killed) from outside") != std::string::npos);
}
