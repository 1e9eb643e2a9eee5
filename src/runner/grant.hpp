// What a worker may read: files, and folders with all below, as they are when it is started.
//
// A file that is replaced later is another one: an order that names it needs another worker.
#pragma once

#include <sys/types.h>

#include <compare>
#include <filesystem>
#include <set>

#include "protocol/order.hpp"

namespace ampd::runner {

struct Grant {
  std::filesystem::path path;
  dev_t device = 0;
  ino_t inode = 0;

  auto operator<=>(const Grant&) const = default;
};

/// Of what the order names and is there.
std::set<Grant> grants_of(const protocol::Order& order);

}  // namespace ampd::runner
