// The SQL scripts of migrations/, compiled in: script i brings a database from version i to i + 1.
#pragma once

#include <span>

namespace ampd::store {

std::span<const char* const> migrations();

}  // namespace ampd::store
