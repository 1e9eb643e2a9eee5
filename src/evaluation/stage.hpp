// A model whose shapes depend on its data, cut into segments (graph/cut.hpp): one stage is one
// segment with all its shapes known. Which stage follows turns out when the first has run.
//
// Stages know no precision; the programs of all configs are made from the same ones. One thread.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "graph/cut.hpp"
#include "graph/graph.hpp"
#include "tensor/tensor.hpp"

namespace ampd::evaluation {

/// By input name.
using Shapes = std::map<std::string, tensor::Shape>;
using Tensors = std::map<std::string, tensor::Tensor>;

class Stage {
 public:
  /// `settled` as graph::settle gives it.
  explicit Stage(graph::Graph settled);

  /// The segment: all shapes known, passes run.
  const graph::Graph& graph() const { return graph_; }

  bool is_last() const { return !cut_; }

  /// Of those values, the inputs of the segment.
  Tensors inputs(const Tensors& values) const;

  /// What runs between this stage, not the last one, and the next, node by node.
  const graph::Graph& selection() const { return cut_->selection; }

  /// Adds to `values`, which holds what the segment has made, what a node of the selection makes,
  /// in its plain kernel. Throws Error naming the node when it cannot run.
  void select(const graph::Node& node, Tensors& values) const;

  /// The stage that follows for these values: one per shapes and values that decide shapes, a few
  /// of which are kept. Throws Error when the values do not fit the model.
  std::shared_ptr<Stage> next(const Tensors& values);

 private:
  struct Following {
    Shapes shapes;
    Tensors deciding;
    std::shared_ptr<Stage> stage;
  };

  graph::Graph graph_;
  std::optional<graph::Cut> cut_;   // without `first`, which is `graph_`
  std::list<Following> following_;  // the last used first
};

}  // namespace ampd::evaluation
