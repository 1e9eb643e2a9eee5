// Writes a tar archive of folders and regular files, in ustar with pax headers where names or sizes
// need them.
//
// Equal names and contents give equal bytes: times, owners and modes are left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace ampd::base {

class TarWriter {
 public:
  using Output = std::function<void(std::span<const std::byte>)>;

  explicit TarWriter(Output output) : output_(std::move(output)) {}

  void folder(const std::string& name);

  /// Begins a file; its `bytes` bytes come by content().
  void file(const std::string& name, std::int64_t bytes);
  void content(std::span<const std::byte> bytes);

  void finish();

 private:
  void entry(char type, const std::string& name, std::int64_t bytes);
  void header(char type, const std::string& name, std::int64_t bytes);
  void pad();

  Output output_;
  std::int64_t written_ = 0;  // of the entry's content
  std::int64_t left_ = 0;
};

}  // namespace ampd::base
