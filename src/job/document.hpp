// A YAML text as a tree of nodes that know their place.
//
// Scalars stay text: what they mean depends on the key (job/scalar.hpp). Tags are kept for the
// reader to judge. Anchors are read over; an alias becomes a node of its own kind. Depth and count
// are bounded, so that no text can exhaust stack or memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "job/problem.hpp"

namespace ampd::job {

struct Node {
  enum class Kind : std::uint8_t { null, scalar, sequence, mapping, alias };

  Kind kind = Kind::null;
  Place place;
  std::string text;            // of a scalar
  bool quoted = false;         // a scalar in quotes or a block scalar: it is text, not a number
  std::string tag;             // "!Pruner"; empty without one
  std::vector<Node> children;  // items of a sequence, values of a mapping in the text's order
  std::string key;             // if the parent is a mapping
  Place key_place;             // the key's, or the node's own if it has none

  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_mapping() const { return kind == Kind::mapping; }

  /// The first child with this key; null if there is none.
  const Node* find(std::string_view wanted) const;
};

/// Why a text is not a document: `syntax`, or `invalid` when it passes a limit.
struct DocumentError : std::runtime_error {
  DocumentError(ProblemCode problem_code, Place problem_place, const std::string& message)
      : std::runtime_error(message), code(problem_code), place(problem_place) {}

  ProblemCode code;
  Place place;
};

/// Reads one document; an empty text is a null node. Throws DocumentError.
Node parse_document(const std::string& text);

}  // namespace ampd::job
