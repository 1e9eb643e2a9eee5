// Constants in the layouts and types that programs read them in, each made once.
//
// Entries are found by content: graphs that were specialised for other shapes, or folded again,
// share them. Content is read once, as long as its owner lives. Bytes live as long as a program or
// the cache holds them. Used from one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/bytes.hpp"
#include "engine/layout.hpp"
#include "engine/program.hpp"

namespace ampd::engine {

/// A constant as it stands in a graph, whole; its bytes no longer change.
struct Weights {
  std::shared_ptr<const std::byte> bytes;
  std::int64_t size_bytes = 0;
};

class WeightCache {
 public:
  /// The part of `whole` that begins at `offset_bytes` and is laid out as `from`.
  std::shared_ptr<const std::byte> reordered(const Weights& whole, std::int64_t offset_bytes,
                                             const Layout& from, const Layout& to);

 private:
  struct Content {
    std::weak_ptr<const std::byte> owner;
    std::string digest;
  };

  const std::string& digest(const Weights& whole);

  struct Entry {
    std::int64_t offset_bytes = 0;
    Layout from;
    Layout to;
    std::shared_ptr<const std::byte> bytes;
  };
  std::map<std::string, std::vector<Entry>> entries_;  // by digest
  std::map<std::pair<const std::byte*, std::int64_t>, Content> contents_;
  std::size_t contents_max_ = 1024;  // then those without an owner are dropped
  Slabs slabs_;
};

}  // namespace ampd::engine
