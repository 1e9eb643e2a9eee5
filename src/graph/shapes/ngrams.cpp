#include <algorithm>
#include <array>

#include "base/limits.hpp"
#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;

void infer_ngrams(NodeTypes& types) {
  if (types.attributes().has("pool_strings")) types.refuse("counts strings");
  if (types.dtype(0) != DType::i32 && types.dtype(0) != DType::i64) {
    types.fail("needs an input of integers");
  }
  const std::vector<std::int64_t> indexes = types.attributes().integers("ngram_indexes");
  if (indexes.empty() || std::ranges::min(indexes) < 0 ||
      std::ranges::max(indexes) > base::limits::tensor_bytes) {
    types.fail("has no sensible ngram_indexes");
  }
  const std::int64_t count = std::ranges::max(indexes) + 1;
  if (!types.shape(0)) return types.set(0, DType::f32, std::nullopt);
  const Shape& shape = *types.shape(0);
  if (shape.empty() || shape.size() > 2) types.fail("needs a sequence or a batch of sequences");
  types.set(0, DType::f32, shape.size() == 1 ? Shape{count} : Shape{shape[0], count});
}

constexpr std::array rules{
    ShapeRule{"TfIdfVectorizer", 9, 1, 1, 1, infer_ngrams},
};

}  // namespace

std::span<const ShapeRule> ngram_shapes() {
  return rules;
}

}  // namespace ampd::graph
