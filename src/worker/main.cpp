// ampd-worker: executes models for ampd and ampctl, which start it with a socket as descriptor 3.
//
// It reads files and writes none; what it makes it hands over as descriptors.
#include <sys/stat.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/exit_code.hpp"
#include "base/limits.hpp"
#include "engine/program.hpp"
#include "worker/connection.hpp"
#include "worker/sandbox.hpp"
#include "worker/service.hpp"

namespace {

constexpr int socket_descriptor = 3;

struct Arguments {
  int threads = 0;
  std::vector<std::filesystem::path> readable;
};

std::optional<int> thread_count(std::string_view text) {
  int threads = 0;
  const auto [parsed, error] = std::from_chars(text.begin(), text.end(), threads);
  if (error != std::errc{} || parsed != text.end() || threads < 1) return std::nullopt;
  if (threads > ampd::base::limits::threads) return std::nullopt;
  return threads;
}

/// --threads NUMBER, then any number of --read PATH.
std::optional<Arguments> arguments_of(std::span<char*> given) {
  Arguments arguments;
  if (given.size() < 2 || given.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < given.size(); i += 2) {
    const std::string_view name = given[i];
    if (name != (i == 0 ? "--threads" : "--read")) return std::nullopt;
    if (i > 0) arguments.readable.emplace_back(given[i + 1]);
  }
  const std::optional<int> threads = thread_count(given[1]);
  if (!threads) return std::nullopt;
  arguments.threads = *threads;
  return arguments;
}

bool is_socket(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = arguments_of(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  if (!arguments || !is_socket(socket_descriptor)) {
    std::fputs("ampd-worker is started by ampd and ampctl, not by hand\n", stderr);
    return static_cast<int>(ampd::base::ExitCode::usage);
  }
  ampd::engine::set_threads(arguments->threads);
  const ampd::worker::Sandbox sandbox = ampd::worker::enter_sandbox(arguments->readable);
  ampd::worker::Connection connection(socket_descriptor);
  ampd::worker::Service service(connection, sandbox);
  while (true) service.serve(connection.next_order());
}
