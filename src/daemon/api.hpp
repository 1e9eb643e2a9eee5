// What the daemon answers to each request: the API /v1, documented in docs/command-line.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "daemon/http.hpp"
#include "daemon/permission.hpp"
#include "daemon/turnstile.hpp"
#include "runner/runner.hpp"
#include "scheduler/scheduler.hpp"
#include "store/store.hpp"

namespace ampd::daemon {

class Watch;

/// What the API serves; all of it lives longer than the API.
struct Service {
  const store::Store& store;
  scheduler::Scheduler& scheduler;
  runner::Runner& inspector;  // for submissions, beside the scheduler's own
  boost::asio::any_io_executor executor;
  const std::uint64_t& changes;   // grows with each event and each batch
  std::function<void()> changed;  // to be called after a call of the scheduler
  const Permission& permission;
  const std::int64_t& upload_bytes_max;  // of one user
  int threads = 0;                       // for jobs that name no number themselves
  std::function<Json()> status;          // the daemon's own part of /v1/status
};

class Api {
 public:
  explicit Api(Service service);

  /// Throws Error.
  boost::asio::awaitable<Response> answer(Request request);

  /// Takes the body of an upload. Throws Error.
  std::optional<Receipt> receive(const Request& request);

 private:
  template <typename Work>
  auto read(Work work) const;
  Json get(const Request& request) const;
  Json status() const;
  boost::asio::awaitable<Json> submit(const Request& request);
  std::int64_t controlled(const std::string& job, const Peer& peer) const;
  std::shared_ptr<std::int64_t> bytes_coming(uid_t user);
  Json control(std::int64_t job, const std::string& verb, const Request& request);
  base::FileDescriptor model(std::int64_t job) const;
  Lines watch(std::int64_t job) const;
  boost::asio::awaitable<std::optional<Json>> next_line(std::shared_ptr<Watch> watch) const;

  Service service_;
  Turnstile submissions_;
  std::map<uid_t, std::shared_ptr<std::int64_t>> bytes_coming_;
  std::string fingerprint_;  // as the last inspection found it
};

}  // namespace ampd::daemon
