#include "protocol/order_paths.hpp"

#include "job/data_path.hpp"

namespace ampd::protocol {
namespace {

using Paths = std::set<std::filesystem::path>;

void add(Paths& paths, const ModelReference& model) {
  paths.insert(model.path);
  paths.insert(model.folder);
}

void add(Paths& paths, const Inputs& inputs) {
  for (const auto& [name, file] : inputs.files) paths.insert(file);
}

void add(Paths& paths, const job::Job& job) {
  for (std::filesystem::path& path : job::data_paths(job)) paths.insert(std::move(path));
}

template <typename Kind>
void add(Paths& paths, const Kind& order) {
  if constexpr (requires { order.model; }) add(paths, order.model);
  if constexpr (requires { order.inputs; }) add(paths, order.inputs);
  if constexpr (requires { order.job.has_value(); }) {
    if (order.job) add(paths, *order.job);
  } else if constexpr (requires { order.job; }) {
    add(paths, order.job);
  }
}

void add(Paths& paths, const Hash& order) {
  paths.insert(order.paths.begin(), order.paths.end());
}

void add(Paths& paths, const Validate& order) {
  paths.insert(std::filesystem::absolute(order.folder).lexically_normal().parent_path());
}

}  // namespace

Paths paths_of(const Order& order) {
  Paths paths;
  std::visit([&](const auto& each) { add(paths, each); }, order);
  paths.erase(std::filesystem::path());
  return paths;
}

}  // namespace ampd::protocol
