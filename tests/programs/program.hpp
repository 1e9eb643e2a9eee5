// A program under test: started, talked to by signals, and read when it has ended.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/files.hpp"
#include "runner/child_process.hpp"

using Environment = std::vector<std::pair<std::string, std::string>>;

class Program {
 public:
  Program(std::vector<std::string> arguments, Environment environment)
      : process_(launch(std::move(arguments), std::move(environment))) {}

  pid_t id() const { return process_.id(); }
  void signal(int number) const { ::kill(process_.id(), number); }

  /// As a shell has it: the exit status, or 128 + signal. Nothing while it still runs after
  /// `patience`.
  std::optional<int> code_within(std::chrono::milliseconds patience) {
    pollfd ended{process_.end_descriptor(), POLLIN, 0};
    ::poll(&ended, 1, static_cast<int>(patience.count()));
    const std::optional<ampd::runner::Exit> exit = process_.poll();
    if (!exit) return std::nullopt;
    return exit->signal != 0 ? 128 + exit->signal : exit->status;
  }

  /// Waits for the end; a minute must be enough.
  int code() {
    const std::optional<int> code = code_within(std::chrono::minutes(1));
    if (!code) process_.kill();
    REQUIRE_MESSAGE(code.has_value(), "still runs after a minute: " << error());
    return *code;
  }

  std::string output() const { return text(output_); }
  std::string error() const { return text(error_); }

 private:
  ampd::runner::Launch launch(std::vector<std::string> arguments, Environment environment) const {
    ampd::runner::Launch launch;
    launch.arguments = std::move(arguments);
    launch.environment = std::move(environment);
    launch.descriptors = {input_.get(), output_.get(), error_.get()};
    return launch;
  }

  static std::string text(const ampd::base::FileDescriptor& file) {
    const auto bytes = ampd::base::read_descriptor(file.get(), "output", 64 << 20);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  ampd::base::FileDescriptor input_ = ampd::base::memory_file("input", "");
  ampd::base::FileDescriptor output_ = ampd::base::memory_file("output", "");
  ampd::base::FileDescriptor error_ = ampd::base::memory_file("error", "");
  ampd::runner::ChildProcess process_;
};
