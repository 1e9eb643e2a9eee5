#include "client/worker.hpp"

#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "ampd/error.hpp"
#include "runner/worker_runner.hpp"

namespace ampd::client {
namespace {

using End = std::variant<Answer, runner::Died>;

/// The answer, or the Error that it stands for.
Answer succeeded(End end, const std::string& what) {
  if (const auto* died = std::get_if<runner::Died>(&end)) {
    throw Error(ErrorCode::invalid, what + " did not come to an end: " + died->reason);
  }
  auto& answer = std::get<Answer>(end);
  if (const auto* failed = std::get_if<protocol::Failed>(&answer.reply)) {
    throw Error(failed->code, failed->sentence);
  }
  return std::move(answer);
}

}  // namespace

struct Worker::Implementation {
  int threads = 0;
  boost::asio::io_context loop{1};
  runner::WorkerRunner runner{loop};

  /// Starts something on the runner and waits for its end.
  template <class Start>
  End wait_for(Start start, const ProgressListener& progress = {}) {
    std::optional<End> end;
    start([&](runner::Event event, std::vector<base::FileDescriptor> descriptors) {
      if (auto* died = std::get_if<runner::Died>(&event)) {
        end = std::move(*died);
      } else {
        auto& reply = std::get<protocol::Reply>(event);
        const auto* step = std::get_if<protocol::Progress>(&reply);
        if (step != nullptr && progress) progress(*step);
        if (protocol::is_final(reply)) end = Answer{std::move(reply), std::move(descriptors)};
      }
    });
    loop.restart();
    while (!end) loop.run_one();
    const auto* died = std::get_if<runner::Died>(&*end);
    if (died != nullptr && died->not_started) throw Error(ErrorCode::io, died->reason);
    return *std::move(end);
  }
};

Worker::Worker(int threads) : implementation_(std::make_unique<Implementation>()) {
  implementation_->threads = threads;
}

Worker::~Worker() = default;

End Worker::try_ask(protocol::Order order, const ProgressListener& progress) {
  return implementation_->wait_for(
      [&](runner::Listener listener) {
        implementation_->runner.start(std::move(order), implementation_->threads,
                                      std::move(listener));
      },
      progress);
}

Answer Worker::ask(protocol::Order order, const std::string& what,
                   const ProgressListener& progress) {
  return succeeded(try_ask(std::move(order), progress), what);
}

Answer Worker::run(runner::Command command) {
  const std::string what = command.arguments.front();
  return succeeded(implementation_->wait_for([&](runner::Listener listener) {
    implementation_->runner.start(std::move(command), std::move(listener));
  }),
                   what);
}

Answer ask_worker(protocol::Order order, int threads, const std::string& what) {
  return Worker(threads).ask(std::move(order), what);
}

}  // namespace ampd::client
