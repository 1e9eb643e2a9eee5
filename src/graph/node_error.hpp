// An Error about one node: the sentence names it and its operator.
#pragma once

#include <string>

#include "ampd/error.hpp"
#include "graph/graph.hpp"

namespace ampd::graph {

class NodeError : public Error {
 public:
  NodeError(const Node& node, const std::string& what, ErrorCode code = ErrorCode::invalid)
      : Error(code, "the node " + node.name + " (" + node.op_type + ") " + what) {}
};

}  // namespace ampd::graph
