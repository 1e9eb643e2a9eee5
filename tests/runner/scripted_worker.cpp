// A worker that does what the path in its Hash order says, for the runner's tests.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "ampd/error.hpp"
#include "base/unix_socket.hpp"
#include "protocol/frame.hpp"
#include "protocol/order.hpp"

namespace {

using namespace ampd;

constexpr int connection = 3;

void send_bytes(std::string_view bytes, const std::vector<base::FileDescriptor>& files = {}) {
  bool first = true;
  while (!bytes.empty()) {
    bytes.remove_prefix(base::send_some(
        connection, bytes, first ? std::span(files) : std::span<const base::FileDescriptor>()));
    first = false;
  }
}

void send(const protocol::Reply& reply, const std::vector<base::FileDescriptor>& files = {}) {
  send_bytes(protocol::encode_frame(protocol::encode(reply), files.size()), files);
}

std::vector<base::FileDescriptor> files(std::size_t count) {
  std::vector<base::FileDescriptor> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back(base::memory_file("part", "content " + std::to_string(i)));
  }
  return made;
}

protocol::Request receive() {
  static protocol::FrameDecoder decoder;
  std::vector<char> buffer(4096);
  std::vector<base::FileDescriptor> ignored;
  while (true) {
    if (const auto frame = decoder.next()) return protocol::parse_request(frame->text);
    const base::Received received = base::receive_some(connection, buffer, ignored);
    if (received.ended) std::_Exit(0);
    decoder.add(std::span(buffer).first(received.bytes));
  }
}

int number(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void say(const std::string& sentence) {
  send(protocol::Failed{ErrorCode::conflict, sentence});
}

std::string open_descriptors() {
  std::string listed;
  for (int descriptor = 0; descriptor < 1000; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) >= 0) listed += std::to_string(descriptor) + " ";
  }
  return listed;
}

void sleep_for_ever() {
  while (true) ::pause();
}

const std::string answer = protocol::encode_frame(
    protocol::encode(protocol::Reply(protocol::Hashed{{std::string(64, 'a')}})));

const std::map<std::string, std::function<void(const std::string&)>> script{
    {"answer", [](const std::string&) { send_bytes(answer); }},
    {"signal",
     [](const std::string& signal) {
       ::signal(number(signal), SIG_DFL);
       ::kill(::getpid(), number(signal));
     }},
    {"exit", [](const std::string& status) { std::_Exit(number(status)); }},
    {"hang", [](const std::string&) { sleep_for_ever(); }},
    {"bytes",
     [](const std::string& bytes) {
       send_bytes(bytes);
       sleep_for_ever();
     }},
    {"half",
     [](const std::string& size) {
       send_bytes(answer.substr(0, static_cast<std::size_t>(number(size))));
       std::_Exit(0);
     }},
    {"drip",
     [](const std::string&) {
       for (const char byte : answer) send_bytes({&byte, 1});
     }},
    {"close",
     [](const std::string&) {
       ::close(connection);
       sleep_for_ever();
     }},
    {"stderr",
     [](const std::string& count) {
       for (int line = 1; line <= number(count); ++line) std::cerr << "line " << line << '\n';
       std::cerr << "the cause" << std::endl;
       std::abort();
     }},
    {"progress",
     [](const std::string& count) {
       for (int i = 1; i <= number(count); ++i) {
         send(protocol::Progress{i, number(count), i, 0.5});
         send(protocol::Checkpoint{{{"batch", i}}});
       }
       send_bytes(answer);
     }},
    {"until_stopped",
     [](const std::string&) {
       send(protocol::Progress{});
       if (!std::holds_alternative<protocol::Stop>(receive())) std::_Exit(9);
       send(protocol::Checkpoint{{{"batch", 7}}});
       send(protocol::Stopped{});
     }},
    {"slow",
     [](const std::string& milliseconds) {
       for (int i = 0; i < 5; ++i) {
         std::this_thread::sleep_for(std::chrono::milliseconds(number(milliseconds)));
         send(protocol::Progress{});
       }
       send_bytes(answer);
     }},
    {"wrong_kind", [](const std::string&) { send(protocol::Evaluated{}); }},
    {"too_many_digests",
     [](const std::string&) {
       send(protocol::Hashed{{std::string(64, 'a'), std::string(64, 'b')}});
     }},
    {"answer_twice",
     [](const std::string&) {
       send_bytes(answer + answer);
       sleep_for_ever();
     }},
    {"answer_and_die",
     [](const std::string&) {
       send_bytes(answer);
       std::abort();
     }},
    {"files_unasked",
     [](const std::string& count) {
       send(protocol::Hashed{{std::string(64, 'a')}},
            files(static_cast<std::size_t>(number(count))));
       sleep_for_ever();
     }},
    {"files_promised",
     [](const std::string&) {
       send_bytes(protocol::encode_frame("{}", 3), files(1));
       sleep_for_ever();
     }},
    {"files_alone",
     [](const std::string&) {
       send_bytes(answer.substr(0, 1), files(2));
       send_bytes(answer.substr(1));
       sleep_for_ever();
     }},
    {"environment",
     [](const std::string& name) {
       const char* value = std::getenv(name.c_str());
       say(value == nullptr ? "not set" : value);
     }},
    {"process", [](const std::string&) { say(std::to_string(::getpid())); }},
    {"group", [](const std::string&) { say(::getpgrp() == ::getpid() ? "own" : "shared"); }},
    {"descriptors", [](const std::string&) { say(open_descriptors()); }},
};

}  // namespace

int main() {
  send_bytes(protocol::encode_frame(protocol::encode_greeting()));
  while (true) {
    const protocol::Request request = receive();
    if (std::holds_alternative<protocol::Stop>(request)) continue;
    const auto& order = std::get<protocol::Order>(request);
    if (const auto* execute = std::get_if<protocol::Execute>(&order)) {
      const std::size_t count = execute->model.name.size();
      send(protocol::Executed{std::vector<protocol::ValueReport>(count)}, files(count));
      continue;
    }
    const std::string scene = std::get<protocol::Hash>(order).paths.at(0).string().substr(1);
    const std::size_t end = scene.find('/');
    script.at(scene.substr(0, end))(end == std::string::npos ? "" : scene.substr(end + 1));
  }
}
