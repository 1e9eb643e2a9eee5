#include "client/worker.hpp"

#include <optional>
#include <utility>
#include <variant>

#include <boost/asio/io_context.hpp>

#include "ampd/error.hpp"
#include "runner/worker_runner.hpp"

namespace ampd::client {

Answer ask_worker(protocol::Order order, int threads, const std::string& what) {
  boost::asio::io_context loop{1};
  runner::WorkerRunner runner(loop);
  std::optional<runner::Event> end;
  std::vector<base::FileDescriptor> files;
  runner.start(std::move(order), threads,
               [&](runner::Event event, std::vector<base::FileDescriptor> descriptors) {
                 const auto* reply = std::get_if<protocol::Reply>(&event);
                 if (reply != nullptr && !protocol::is_final(*reply)) return;
                 end = std::move(event);
                 files = std::move(descriptors);
                 loop.stop();
               });
  loop.run();
  if (const auto* died = std::get_if<runner::Died>(&end.value())) {
    if (died->not_started) throw Error(ErrorCode::io, died->reason);
    throw Error(ErrorCode::invalid, what + " did not come to an end: " + died->reason);
  }
  auto& reply = std::get<protocol::Reply>(*end);
  if (const auto* failed = std::get_if<protocol::Failed>(&reply)) {
    throw Error(failed->code, failed->sentence);
  }
  return {std::move(reply), std::move(files)};
}

}  // namespace ampd::client
