// The files and folders that an order lets its worker read.
#pragma once

#include <filesystem>
#include <set>

#include "protocol/order.hpp"

namespace ampd::protocol {

/// As the order names them, folders with all below. Of a conformance case: the folder that it and
/// its neighbours lie in, as they come by the hundred.
std::set<std::filesystem::path> paths_of(const Order& order);

}  // namespace ampd::protocol
