// ampd-worker: executes models for ampd and ampctl, which start it with a socket as descriptor 3.
//
// It reads files and writes none; what it makes it hands over as descriptors.
#include <sys/stat.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/exit_code.hpp"
#include "base/limits.hpp"
#include "engine/program.hpp"
#include "worker/connection.hpp"
#include "worker/sandbox.hpp"
#include "worker/service.hpp"

namespace {

constexpr int socket_descriptor = 3;

std::optional<int> thread_count(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != "--threads") return std::nullopt;
  const char* end = argv[2] + std::strlen(argv[2]);
  int threads = 0;
  const auto [parsed, error] = std::from_chars(argv[2], end, threads);
  if (error != std::errc{} || parsed != end || threads < 1) return std::nullopt;
  if (threads > ampd::base::limits::threads) return std::nullopt;
  return threads;
}

bool is_socket(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<int> threads = thread_count(argc, argv);
  if (!threads || !is_socket(socket_descriptor)) {
    std::fputs("ampd-worker is started by ampd and ampctl, not by hand\n", stderr);
    return static_cast<int>(ampd::base::ExitCode::usage);
  }
  ampd::engine::set_threads(*threads);
  const ampd::worker::Sandbox sandbox = ampd::worker::enter_sandbox();
  ampd::worker::Connection connection(socket_descriptor);
  ampd::worker::Service service(connection, sandbox);
  while (true) service.serve(connection.next_order());
}
