#include "daemon/intake.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "ampd/error.hpp"
#include "daemon/ask.hpp"
#include "job/data_path.hpp"
#include "scheduler/orders.hpp"

namespace ampd::daemon {
namespace {

std::string listed(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

bool can_be_tuned(const TuningSpace& space) {
  return std::ranges::any_of(space.ops, [&](const TunableOp& op) {
    return std::ranges::find(op.precisions, space.target) != op.precisions.end();
  });
}

}  // namespace

boost::asio::awaitable<InputDigests> digest_inputs(runner::Runner& runner, const job::Job& job) {
  protocol::Hash hash;
  hash.paths = job::data_paths(job);
  hash.paths.insert(hash.paths.begin(), job.model_path);
  const std::vector<std::filesystem::path> paths = hash.paths;
  const protocol::Reply reply =
      co_await ask(runner, std::move(hash), job.threads, "reading the inputs of " + job.name);
  const std::vector<std::string>& digests = std::get<protocol::Hashed>(reply).digests;
  InputDigests found;
  found.model = digests.at(0);
  for (std::size_t i = 1; i < paths.size(); ++i) found.others.push_back({paths[i], digests.at(i)});
  co_return found;
}

boost::asio::awaitable<protocol::Inspected> inspect(runner::Runner& runner, const job::Job& job) {
  const std::string model = job.model_path.string();
  protocol::Inspect order =
      scheduler::inspect_order(job, {job.model_path, job.model_path.parent_path(), model});
  protocol::Reply reply =
      co_await ask(runner, std::move(order), job.threads, "the inspection of " + model);
  auto& inspected = std::get<protocol::Inspected>(reply);
  if (!inspected.unsupported.empty()) {
    throw Error(ErrorCode::unsupported,
                model + " has operators that ampd cannot run: " + listed(inspected.unsupported));
  }
  if (!can_be_tuned(inspected.space)) {
    const std::string target(to_string(job.target()));
    throw Error(ErrorCode::unsupported,
                "no operator of " + model + " can be tuned to " + target + " on this machine" +
                    (inspected.missing_feature.empty() ? "" : ": " + inspected.missing_feature));
  }
  co_return std::move(inspected);
}

}  // namespace ampd::daemon
