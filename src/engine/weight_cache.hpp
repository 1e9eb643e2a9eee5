// Constants in the layouts and types that programs read them in, each made once.
//
// Entries are found by content: graphs that were specialised for other shapes, or folded again,
// share them. Bytes live as long as a program or the cache holds them. Used from one thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/bytes.hpp"
#include "engine/layout.hpp"
#include "engine/program.hpp"

namespace ampd::engine {

class WeightCache {
 public:
  /// `digest` names the content of the constant that starts at `bytes`, before any view of it.
  std::shared_ptr<const std::byte> reordered(const std::string& digest, std::int64_t offset_bytes,
                                             const Layout& from, const std::byte* bytes,
                                             const Layout& to);

 private:
  struct Entry {
    std::int64_t offset_bytes = 0;
    Layout from;
    Layout to;
    std::shared_ptr<const std::byte> bytes;
  };
  std::map<std::string, std::vector<Entry>> entries_;
  Slabs slabs_;
};

}  // namespace ampd::engine
