// Files as strings of bytes, and damage to them, for the tests of readers.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ampd/error.hpp"

inline std::span<const std::byte> as_span(std::string_view bytes) {
  return {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()};
}

/// Without the syncs of base::write_file. A file that is there goes first, since some file systems
/// sync what replaces the content of one.
inline void put_file(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::remove(path);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.good());
}

/// The sentence of the Error that `action` throws; empty if it throws none.
template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const ampd::Error& error) {
    return error.what();
  }
  return {};
}

/// Fails the test unless `read` gives a value or an Error: another exception or a crash does.
template <class Read>
void check_read_or_refused(const std::string& bytes, Read&& read) {
  try {
    read(bytes);
  } catch (const ampd::Error& error) {
    CHECK(std::string_view(error.what()).size() > 0);
  }
}

/// Reads every prefix of `bytes`: none but the whole may be accepted.
template <class Read>
void check_every_prefix_is_refused(const std::string& bytes, Read&& read) {
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_AS(read(bytes.substr(0, length)), ampd::Error);
  }
}

/// Reads `bytes` with each byte in turn replaced by several others: a value or an Error.
template <class Read>
void check_every_byte_may_be_damaged(const std::string& bytes, Read&& read) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int damage : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damage);
      check_read_or_refused(damaged, read);
    }
  }
}

/// A file of the shared test material, or nothing, having said so, where it is absent.
inline std::optional<std::filesystem::path> shared(const std::string& name) {
  const char* root = std::getenv("AMPD_SHARED");
  const char* source = std::getenv("AMPD_ROOT");
  const std::filesystem::path folder =
      root != nullptr ? root
                      : std::filesystem::path(source != nullptr ? source : ".") / "../shared";
  if (std::filesystem::exists(folder / name)) return folder / name;
  MESSAGE("skipped: there is no " << (folder / name).string());
  return std::nullopt;
}
