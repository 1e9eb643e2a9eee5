// What a process prints, read as it comes, so that the process never waits for a reader.
#pragma once

#include <memory>
#include <utility>  // Boost 1.74 needs it before its coroutines

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/files.hpp"
#include "runner/text_tail.hpp"

namespace ampd::runner {

class Output {
 public:
  /// Makes a pipe. Throws Error(exhausted) when there are no descriptors left.
  explicit Output(const boost::asio::any_io_executor& executor);

  /// The end for the process to be started; closed here by `follow`.
  int write_end() const { return write_end_.get(); }

  /// Reads until the last writer is gone. `owner` holds this object, and is held as long.
  void follow(std::shared_ptr<const void> owner);

  /// What has come up to now, read or not.
  const TextTail& tail();

 private:
  boost::asio::awaitable<void> read_on(std::shared_ptr<const void> owner);
  bool read_all();

  base::FileDescriptor write_end_;
  boost::asio::posix::stream_descriptor pipe_;
  TextTail tail_;
};

}  // namespace ampd::runner
