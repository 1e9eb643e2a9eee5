// The stream that follows a job until it ends.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "daemon/http.hpp"
#include "store/reader.hpp"

namespace ampd::daemon {

/// Lines {"progress": ...} and {"event": ...}: first how far the job is, then what happens, and
/// last the progress in which it is done, failed or cancelled. Without news the last progress is
/// repeated now and then, so that a client that is gone is noticed.
class Watch {
 public:
  /// `progress` gives the job's progress and throws Error when the job is gone; `changes` grows
  /// with everything that can change it. All live longer than the watch.
  Watch(boost::asio::any_io_executor executor, const store::Reader& reader,
        const std::uint64_t& changes, std::function<Json()> progress, std::int64_t job);

  boost::asio::awaitable<std::optional<Json>> next();

 private:
  void look();

  boost::asio::any_io_executor executor_;
  const store::Reader& reader_;
  const std::uint64_t& changes_;
  std::function<Json()> progress_;
  std::int64_t job_;
  std::int64_t last_event_ = 0;
  std::optional<std::uint64_t> seen_;
  Json last_line_;
  std::deque<Json> ready_;
  bool is_over_ = false;
};

}  // namespace ampd::daemon
