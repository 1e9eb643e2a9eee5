// The daemon from its start to its end.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "daemon/listener.hpp"
#include "site.hpp"

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a daemon serves when it says so, and stops cleanly when it is told to") {
  const Site site;
  Daemon daemon(site);
  CHECK(site.ask({"list"}).empty());
  CHECK(daemon.stop() == 0);
  CHECK_FALSE(std::filesystem::exists(site.socket()));
  CHECK(holds(daemon.program().error(), "stopped"));
}

TEST_CASE("a daemon gives signs of life as long as its loop and its store move") {
  const Site site;
  const Daemon daemon(site, {{"WATCHDOG_USEC", "400000"}});
  for (int i = 0; i < 3; ++i) CHECK(daemon.says("WATCHDOG=1"));

  Program holder(
      {"/usr/bin/sqlite3", site.state() / "ampd.db", "BEGIN IMMEDIATE",
       ".shell while [ ! -e " + (site.folder() / "enough").string() + " ]; do sleep 0.05; done"},
      site.environment());
  CHECK(comes_true([&] { return !daemon.says("WATCHDOG=1", std::chrono::seconds(2)); }));
  std::ofstream(site.folder() / "enough") << "";
  CHECK(holder.code() == 0);
  CHECK(daemon.says("WATCHDOG=1"));
}

TEST_CASE("a second daemon is refused and the first one goes on") {
  const Site site;
  Daemon daemon(site);
  const std::string pid = std::to_string(daemon.program().id());
  const Result same_state =
      site.finish({AMPD_PROGRAM, "--state-dir", site.state(), "--socket", site.folder() / "other"});
  CHECK(same_state.code == 69);
  CHECK(holds(same_state.error, "process " + pid));
  const Result same_socket = site.finish(
      {AMPD_PROGRAM, "--state-dir", site.folder() / "other", "--socket", site.socket()});
  CHECK(same_socket.code == 69);
  CHECK(holds(same_socket.error, "process " + pid + " already listens"));
  const Result embedded = site.run(site.easy_job());
  CHECK(embedded.code == 69);
  CHECK(site.ask({"list"}).empty());
}

TEST_CASE("a daemon that was killed is followed by one that takes its place") {
  const Site site;
  Daemon(site).kill();
  CHECK(std::filesystem::exists(site.socket()));
  Daemon daemon(site);
  CHECK(site.ask({"list"}).empty());
  CHECK(daemon.stop() == 0);
}

TEST_CASE("the configuration is read again on SIGHUP, and a bad one changes nothing") {
  const Site site;
  Daemon daemon(site);
  std::ofstream(site.folder() / "ampd.yaml") << "log_level: shouting\n";
  daemon.program().signal(SIGHUP);
  REQUIRE(daemon.says("RELOADING=1"));
  REQUIRE(daemon.says("READY=1"));
  CHECK(holds(daemon.program().error(), "log_level takes one of"));
  std::ofstream(site.folder() / "ampd.yaml") << "log_level: error\n";
  daemon.program().signal(SIGHUP);
  REQUIRE(daemon.says("READY=1"));
  CHECK(daemon.stop() == 0);
  CHECK_FALSE(holds(daemon.program().error(), "stopping"));
}

TEST_CASE("a daemon in the middle of a batch stops within five seconds, and the job goes on") {
  const Site site;
  const std::string job = site.long_job("long", 5400);
  std::string id;
  {
    Daemon daemon(site);
    id = site.ctl({"submit", job}).output;
    id.pop_back();
    REQUIRE(comes_true([&] { return site.ask({"show", id})["trials_done"] >= 2; }));
    CHECK(daemon.stop() == 0);
  }
  const Json stopped = site.ask({"show", id, "--state-dir", site.state()});
  CHECK(stopped["trials_done"] >= 2);
  Daemon daemon(site);
  CHECK(site.ctl({"watch", id}).code == 10);
}

TEST_CASE("a second signal ends the daemon at once") {
  const Site site;
  Daemon daemon(site);
  REQUIRE(site.ctl({"submit", site.long_job("long", 5400)}).code == 0);
  REQUIRE(comes_true([&] { return site.ask({"show", "long"})["trials_done"] >= 1; }));
  daemon.program().signal(SIGTERM);
  daemon.program().signal(SIGTERM);
  const auto code = daemon.program().code_within(std::chrono::seconds(5));
  REQUIRE(code.has_value());
  const bool is_ended = code == 128 + SIGTERM || code == 0;
  CHECK(is_ended);
}

TEST_CASE("a daemon serves on a socket that it is given, and leaves it in its place") {
  const Site site;
  const auto listener = ampd::daemon::Listener::at(site.socket());
  const ampd::base::FileDescriptor socket = listener.descriptor();
  Program program({"/bin/sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" --state-dir \"$1\"",
                   AMPD_PROGRAM, site.state()},
                  site.environment(), socket.get());
  CHECK(site.ask({"list"}).empty());
  program.signal(SIGTERM);
  CHECK(program.code() == 0);
  CHECK(std::filesystem::exists(site.socket()));
}

TEST_CASE("other users may look where the socket is open to them, and not touch") {
  const Site site;
  const auto as_nobody = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534",
                                         "--clear-groups", AMPCTL_PROGRAM});
    return site.finish(arguments);
  };
  if (::geteuid() != 0 || as_nobody({"--version"}).code != 0) {
    MESSAGE("skipped: ampctl cannot be run here as another user");
    return;
  }
  Daemon daemon(site);
  REQUIRE(site.ctl({"submit", site.easy_job(), "--wait"}).code == 0);
  ::chmod(site.folder().path().c_str(), 0711);
  const Result closed = as_nobody({"list"});
  CHECK(closed.code == 5);
  CHECK(holds(closed.error, "you may not use the daemon's socket"));
  ::chmod(site.socket().c_str(), 0666);
  CHECK(as_nobody({"show", "easy"}).code == 0);
  const Result removal = as_nobody({"rm", "easy"});
  CHECK(removal.code == 5);
  CHECK(holds(removal.error, "user 65534"));
  CHECK(site.ask({"list"}).size() == 1);
}

TEST_CASE("a client that follows a job learns that the daemon went away") {
  const Site site;
  Daemon daemon(site);
  REQUIRE(site.ctl({"submit", site.long_job()}).code == 0);
  Program watch = site.start({AMPCTL_PROGRAM, "watch", "long"});
  REQUIRE(comes_true([&] { return site.ask({"show", "long"})["trials_done"] >= 1; }));
  daemon.kill();
  CHECK(watch.code() == 4);
  CHECK(holds(watch.error(), "went away"));
}
