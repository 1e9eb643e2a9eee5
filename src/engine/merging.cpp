#include "engine/merging.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "engine/lowering.hpp"

namespace ampd::engine {
namespace {

/// The ratio of a core's arithmetic to its memory: about what recent ones have.
constexpr double flops_per_byte = 10;

class SharingWalk {
 public:
  SharingWalk(const graph::Graph& graph, const std::vector<Assignment>& assignments)
      : assignments_(assignments) {
    for (const graph::Node& node : graph.nodes) {
      const bool differs = std::ranges::any_of(assignments, [&](const Assignment& other) {
        return precision(other, node.name) != precision(assignments.front(), node.name);
      });
      if (differs) names_.push_back(node.name);
    }
  }

  void visit(std::vector<std::size_t> members, std::size_t depth) {
    while (members.size() > 1 && depth < names_.size()) {
      std::map<Precision, std::vector<std::size_t>> branches;
      for (const std::size_t k : members) {
        branches[precision(assignments_[k], names_[depth])].push_back(k);
      }
      ++depth;
      members = take_largest(branches);
      for (auto& [each, branch] : branches) visit(std::move(branch), depth);
    }
    order.insert(order.end(), members.begin(), members.end());
  }

  std::vector<std::size_t> order;

 private:
  using Branches = std::map<Precision, std::vector<std::size_t>>;

  static Precision precision(const Assignment& assignment, const std::string& name) {
    const auto found = assignment.find(name);
    return found == assignment.end() ? Precision::fp32 : found->second;
  }

  static std::vector<std::size_t> take_largest(Branches& branches) {
    const auto largest = std::ranges::max_element(
        branches, {}, [](const auto& branch) { return branch.second.size(); });
    std::vector<std::size_t> members = std::move(largest->second);
    branches.erase(largest);
    return members;
  }

  const std::vector<Assignment>& assignments_;
  std::vector<std::string> names_;  // of the nodes at which assignments differ, in graph order
};

double cost_of(const Step& step, const Lowering& lowering) {
  std::int64_t bytes = 0;
  for (const auto* list : {&step.inputs, &step.outputs}) {
    for (const ValueIndex value : *list) bytes += lowering.layout(value).bytes();
  }
  return expected_cost(step.flops, bytes);
}

}  // namespace

std::vector<std::size_t> sharing_order(const graph::Graph& graph,
                                       const std::vector<Assignment>& assignments) {
  std::vector<std::size_t> members(assignments.size());
  std::iota(members.begin(), members.end(), std::size_t{0});
  if (members.size() < 2) return members;
  SharingWalk walk(graph, assignments);
  walk.visit(std::move(members), 0);
  return walk.order;
}

std::size_t affordable_count(const graph::Graph& graph, const std::vector<Assignment>& assignments,
                             const std::shared_ptr<WeightCache>& weights, double cost_max) {
  Lowering lowering(graph, *weights);
  std::size_t steps_seen = 0;
  double cost = 0;
  double cost_of_first = 0;
  for (std::size_t k = 0; k < assignments.size(); ++k) {
    lowering.add(assignments[k]);
    for (; steps_seen < lowering.steps().size(); ++steps_seen) {
      cost += cost_of(lowering.steps()[steps_seen], lowering);
    }
    if (k == 0) cost_of_first = cost;
    if (k > 0 && cost > cost_max * cost_of_first) return k;
  }
  return std::max<std::size_t>(assignments.size(), 1);
}

double expected_cost(std::int64_t flops, std::int64_t bytes) {
  return static_cast<double>(flops) / flops_per_byte + static_cast<double>(bytes);
}

}  // namespace ampd::engine
