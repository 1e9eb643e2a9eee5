// What the daemon answers to each request: the API /v1, documented in docs/command-line.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "daemon/http.hpp"
#include "daemon/turnstile.hpp"
#include "runner/runner.hpp"
#include "scheduler/scheduler.hpp"
#include "store/store.hpp"

namespace ampd::daemon {

/// What the API serves; all of it lives longer than the API.
struct Service {
  const store::Store& store;
  scheduler::Scheduler& scheduler;
  runner::Runner& inspector;  // for submissions, beside the scheduler's own
  boost::asio::any_io_executor executor;
  const std::uint64_t& changes;   // grows with each event and each batch
  std::function<void()> changed;  // to be called after a call of the scheduler
  int threads = 0;                // for jobs that name no number themselves
  std::function<Json()> status;   // the daemon's own part of /v1/status
};

class Api {
 public:
  explicit Api(Service service);

  /// Throws Error. Control is for the daemon's own user and root; others may look.
  boost::asio::awaitable<Response> answer(Request request);

 private:
  Json get(const Request& request) const;
  Json status() const;
  boost::asio::awaitable<Json> submit(const Request& request);
  Json control(std::int64_t job, const std::string& verb, const Request& request);
  base::FileDescriptor model(std::int64_t job) const;
  Lines watch(std::int64_t job) const;

  Service service_;
  Turnstile submissions_;
  std::string fingerprint_;  // as the last inspection found it
};

}  // namespace ampd::daemon
