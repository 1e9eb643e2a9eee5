#include <array>

#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::Shape;

/// Scores are N x C x ..., targets the same without C; the loss is one number unless not reduced.
void infer_loss(NodeTypes& types) {
  types.require_one_dtype({0, 2});
  const std::string reduction = types.attributes().text("reduction", "mean");
  if (reduction != "none" && reduction != "mean" && reduction != "sum") {
    types.fail("has the reduction " + reduction);
  }
  if (types.shape(0) && types.shape(1)) {
    Shape expected = *types.shape(0);
    if (expected.size() < 2) types.fail("needs scores with classes");
    expected.erase(expected.begin() + 1);
    if (tensor::is_known(expected) && tensor::is_known(*types.shape(1)) &&
        expected != *types.shape(1)) {
      types.fail("has targets of shape " + tensor::to_string(*types.shape(1)) + " for scores of " +
                 tensor::to_string(*types.shape(0)));
    }
  }
  types.set(0, types.dtype(0),
            reduction == "none" ? types.shape(1) : std::optional<Shape>(Shape{}));
  types.set(1, types.dtype(0), types.shape(0));
}

constexpr std::array rules{
    ShapeRule{"NegativeLogLikelihoodLoss", 12, 2, 3, 1, infer_loss},
    ShapeRule{"SoftmaxCrossEntropyLoss", 12, 2, 3, 2, infer_loss},
};

}  // namespace

std::span<const ShapeRule> loss_shapes() {
  return rules;
}

}  // namespace ampd::graph
