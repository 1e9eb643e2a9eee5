// What the engine does with each ONNX operator: one table.
//
// An operator is tunable (it carries the work, its precision is searched), follows its inputs (so
// that no cast is paid for it) or stays in fp32. What has no entry, or what an entry does not take,
// stays in fp32 and runs as a plain kernel.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "graph/graph.hpp"

namespace ampd::engine {

class Lowering;

enum class Role : std::uint8_t { tunable, follows_inputs, fp32_only };

struct Operator {
  std::string_view type;
  Role role = Role::fp32_only;

  /// Whether `lower` takes the node, judged by its attributes, types and shapes alone.
  bool (*takes)(const graph::Graph& graph, const graph::Node& node) = nullptr;

  /// Adds the node's steps and defines its outputs. False, with nothing defined, where oneDNN has
  /// no good kernel for it after all.
  bool (*lower)(Lowering& lowering, const graph::Node& node) = nullptr;

  /// Whether `lower` does the post-ops too.
  bool fuses_post_ops = false;

  /// Floating-point operations of one execution, without post-ops.
  std::int64_t (*flops)(const graph::Graph& graph, const graph::Node& node) = nullptr;
};

/// The whole table, for documents.
std::span<const Operator> operator_table();

/// The entry that takes the node; null when there is none.
const Operator* find_operator(const graph::Graph& graph, const graph::Node& node);

/// Its role; fp32_only when no entry takes it.
Role role_of(const graph::Graph& graph, const graph::Node& node);

}  // namespace ampd::engine
