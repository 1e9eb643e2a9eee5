// A place where ampd is used: a state directory, a socket, job files, and the programs on them.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "first_samples.hpp"
#include "program.hpp"
#include "temporary_folder.hpp"

using Json = nlohmann::ordered_json;

/// What a program that has ended left behind.
struct Result {
  int code = 0;
  std::string output;
  std::string error;

  Json json() const { return Json::parse(output); }
};

class Site {
 public:
  std::filesystem::path state() const { return folder_ / "state"; }
  std::filesystem::path socket() const { return folder_ / "socket"; }
  const TemporaryFolder& folder() const { return folder_; }

  /// A job over the digits network, six of whose operators are searched; on half of the held-out
  /// images, unless a batch takes more.
  std::string job_file(const std::string& name, const std::string& metric, const std::string& goal,
                       int batch_size) const {
    const std::string digits = AMPD_PROJECT_ROOT "/examples/digits/";
    const std::string path = folder_ / (name + ".yaml");
    const bool is_whole = batch_size > samples;
    const auto data = [&](const std::string& file) {
      if (is_whole) return digits + file;
      const std::string share = folder_ / file;
      if (!std::filesystem::exists(share)) write_first_samples(digits + file, samples, share);
      return share;
    };
    std::ofstream(path) << "model: {name: " << name << ", path: " << digits << "digits.onnx}\n"
                        << "mixed_precision: {op_wise: {'/blocks/blocks[.][234]/.*': fp32}}\n"
                        << "evaluation:\n"
                        << "  accuracy:\n"
                        << "    metric: {" << metric << "}\n"
                        << "    dataloader:\n"
                        << "      batch_size: " << batch_size << "\n"
                        << "      dataset: {npy: {input: " << data("heldout_x.npy")
                        << ", label: " << data("heldout_y.npy") << "}}\n"
                        << "      transform: {Normalize: {mean: [0], std: [16]}}\n"
                        << "  performance: {warmup: 1, iteration: 3}\n"
                        << "tuning:\n"
                        << "  accuracy_criterion: {" << goal << "}\n";
    return path;
  }
  /// One that is met at once, and one that cannot be met: every stage is gone through.
  std::string easy_job(const std::string& name = "easy") const {
    return job_file(name, "topk: 1", "relative: 0.01", 100);
  }
  std::string long_job(const std::string& name = "long", int batch_size = 20) const {
    return job_file(name, "Loss: {}", "absolute: -100", batch_size);
  }

  Environment environment() const {
    return {{"AMPD_WORKER", AMPD_WORKER_PROGRAM},
            {"AMPD_STATE_DIR", ""},
            {"AMPD_SOCKET", socket()},
            {"XDG_STATE_HOME", folder_ / "nowhere"},
            {"NO_COLOR", "1"}};
  }

  Program start(std::vector<std::string> arguments) const {
    return Program(std::move(arguments), environment());
  }
  Result finish(std::vector<std::string> arguments) const {
    Program program = start(std::move(arguments));
    const int code = program.code();
    return {code, program.output(), program.error()};
  }

  /// `ampctl ARGUMENTS`
  Result ctl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), AMPCTL_PROGRAM);
    return finish(std::move(arguments));
  }
  /// `ampctl ARGUMENTS --json`, which must go well.
  Json ask(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const Result result = ctl(std::move(arguments));
    REQUIRE_MESSAGE(result.code == 0, result.error);
    return result.json();
  }

  std::vector<std::string> run_command(const std::string& job_file,
                                       std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{AMPD_PROGRAM, "run", job_file, "--state-dir", state()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  /// `ampd run` on this site's state directory.
  Result run(const std::string& job_file, std::vector<std::string> more = {}) const {
    return finish(run_command(job_file, std::move(more)));
  }

 private:
  static constexpr std::int64_t samples = 2700;

  TemporaryFolder folder_;
};

/// A daemon that serves a site. When the object goes, the daemon is killed.
class Daemon {
 public:
  explicit Daemon(const Site& site, const Environment& more = {})
      : notifications_(listen(site.folder() / "notify")),
        program_({AMPD_PROGRAM, "--config", empty_file(site), "--state-dir", site.state(),
                  "--socket", site.socket()},
                 environment(site, more)) {
    REQUIRE_MESSAGE(says("READY=1"), program_.error());
  }
  ~Daemon() { program_.signal(SIGKILL); }

  Program& program() { return program_; }

  /// Whether it tells the service manager this in time.
  bool says(const std::string& word,
            std::chrono::milliseconds patience = std::chrono::seconds(10)) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      pollfd ready{notifications_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 100) <= 0) continue;
      std::string text(4096, '\0');
      const ssize_t size = ::recv(notifications_.get(), text.data(), text.size(), 0);
      if (size > 0 && text.find(word) != std::string::npos) return true;
    }
    return false;
  }

  /// SIGTERM; the exit code if it ends within five seconds.
  std::optional<int> stop() {
    program_.signal(SIGTERM);
    return program_.code_within(std::chrono::seconds(5));
  }

  void kill() {
    program_.signal(SIGKILL);
    REQUIRE(program_.code() == 128 + SIGKILL);
  }

 private:
  static Environment environment(const Site& site, const Environment& more) {
    Environment environment = site.environment();
    environment.insert(environment.end(), more.begin(), more.end());
    environment.emplace_back("NOTIFY_SOCKET", site.folder() / "notify");
    return environment;
  }

  static std::string empty_file(const Site& site) {
    std::ofstream(site.folder() / "ampd.yaml") << "log_level: debug\n";
    return site.folder() / "ampd.yaml";
  }

  static ampd::base::FileDescriptor listen(const std::string& path) {
    std::filesystem::remove(path);
    ampd::base::FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return socket;
  }

  ampd::base::FileDescriptor notifications_;
  Program program_;
};

/// Waits until `holds`, for at most `patience`.
template <typename Condition>
bool comes_true(Condition holds, std::chrono::milliseconds patience = std::chrono::seconds(30)) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}
