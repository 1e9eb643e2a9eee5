// How far the machine goes, and how far of that an operator gets.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "client/daemon_client.hpp"
#include "protocol/order.hpp"

namespace ampd::client {

Json json_of(const protocol::Peaks& peaks);

/// A column for each number of threads.
void print_peaks(const std::vector<protocol::Peaks>& peaks);

/// An operator beside the machine's peaks. What takes no time, or has no peak, has no share.
struct Share {
  std::optional<double> gflops, gbytes;   // achieved, in 1e9 per second
  std::optional<double> compute, memory;  // of the peaks; memory may exceed 1 out of a cache
  std::string_view bound;                 // "compute" or "memory": what needs more time at the peak
};
Share share_of(const protocol::Benched::Op& op, const protocol::Peaks& peaks);

}  // namespace ampd::client
