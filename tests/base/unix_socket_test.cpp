#include "base/unix_socket.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <array>
#include <string>

#include "ampd/error.hpp"
#include "base/limits.hpp"

using namespace ampd;
using namespace ampd::base;

namespace {

std::vector<FileDescriptor> files(std::size_t count) {
  std::vector<FileDescriptor> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(memory_file("part", std::to_string(i)));
  return made;
}

}  // namespace

TEST_CASE("bytes arrive with their files, in order") {
  const SocketPair pair = make_socket_pair();
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, static_cast<std::size_t>(limits::frame_descriptors)}) {
    CHECK(send_some(pair.first.get(), "hello", files(count)) == 5);
    std::array<char, 100> buffer{};
    std::vector<FileDescriptor> came;
    const Received received = receive_some(pair.second.get(), buffer, came);
    CHECK(std::string(buffer.data(), received.bytes) == "hello");
    CHECK(!received.ended);
    REQUIRE(came.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto bytes = read_descriptor(came[i].get(), "it", 100);
      CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) ==
            std::to_string(i));
    }
  }
}

TEST_CASE("a socket that does not block says when it is empty, full and closed") {
  SocketPair pair = make_socket_pair();
  for (const FileDescriptor* end : {&pair.first, &pair.second}) {
    REQUIRE(::fcntl(end->get(), F_SETFL, O_NONBLOCK) == 0);
  }
  std::array<char, 100> buffer{};
  std::vector<FileDescriptor> came;
  const Received nothing = receive_some(pair.second.get(), buffer, came);
  CHECK(nothing.bytes == 0);
  CHECK(!nothing.ended);
  const std::string bytes(1 << 20, 'x');
  std::size_t sent = 0;
  while (const std::size_t taken = send_some(pair.first.get(), bytes, {})) sent += taken;
  CHECK(sent > 0);
  pair.first.reset();
  std::size_t got = 0;
  while (true) {
    const Received received = receive_some(pair.second.get(), buffer, came);
    got += received.bytes;
    if (received.ended) break;
  }
  CHECK(got == sent);
  CHECK_THROWS_WITH_AS(send_some(pair.second.get(), "x", {}), doctest::Contains("Broken pipe"),
                       Error);
}
