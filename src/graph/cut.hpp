// Where a graph has to be cut because its shapes depend on the data.
//
// A node is open when it cannot be said from shapes alone how much it makes. Either the values of
// some of its inputs decide (a Reshape by a computed shape), or it finds out itself (NonZero,
// Unique, NonMaxSuppression, Compress). The graph falls into three parts that run one after the
// other; the last one is settled again once the first two have run, and may have to be cut again.
//
//   x ---> Conv ---> NonZero ---> Gather ---> Relu ---> (output)
//           \----------------------^
//
//   first       x ---> Conv ---> c                        all shapes known
//   selection   c ---> NonZero ---> n                     nodes that find out themselves
//   rest        c, n ---> Gather ---> Relu ---> (output)  with n's shape, which is known by then
//
// `first` holds only what the open nodes need, so that the rest stays together for the passes; what
// it makes is not made again. Values go from part to part by name.
#pragma once

#include <set>
#include <string>

#include "graph/graph.hpp"

namespace ampd::graph {

struct Cut {
  Graph first;  // settled, every shape known; has all inputs of the graph that was cut
  Graph selection;
  Graph rest;                      // with the outputs that `first` and `selection` lack
  std::set<std::string> deciding;  // inputs of `rest` whose values decide shapes
};

/// Cuts a settled graph (graph/passes.hpp) that has an open node.
Cut cut(Graph graph);

/// The node alone, with the values that it reads and makes as inputs and outputs of the graph.
Graph with_one_node(const Graph& graph, const Node& node);

}  // namespace ampd::graph
