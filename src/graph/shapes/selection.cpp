// Operators whose results are as long as the data say.
#include <array>

#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::unknown_extent;

void infer_non_zero(NodeTypes& types) {
  std::int64_t rank = unknown_extent;
  if (types.rank(0)) rank = static_cast<std::int64_t>(*types.rank(0));
  types.set(0, DType::i64, Shape{rank, unknown_extent});
}

/// The shape of slices chosen along an axis, or of a list when there is none.
std::optional<Shape> chosen(const NodeTypes& types) {
  if (!types.attributes().has("axis")) return Shape{unknown_extent};
  if (!types.shape(0)) return std::nullopt;
  Shape result = *types.shape(0);
  result[types.axis(types.attributes().integer("axis", 0), result.size())] = unknown_extent;
  return result;
}

void infer_image(NodeTypes& types) {
  if (types.dtype(0) != DType::u8 || types.rank(0).value_or(1) != 1) {
    types.fail("needs the bytes of a file as a list of uint8");
  }
  const std::string format = types.attributes().text("pixel_format", "RGB");
  if (format != "RGB" && format != "BGR" && format != "Grayscale") {
    types.fail("has the pixel_format " + format + "; RGB, BGR and Grayscale are known");
  }
  const std::int64_t channels = format == "Grayscale" ? 1 : 3;
  types.set(0, DType::u8, Shape{unknown_extent, unknown_extent, channels});
}

void infer_compress(NodeTypes& types) {
  if (types.dtype(1) != DType::boolean) types.fail("needs a bool condition");
  types.set(0, types.dtype(0), chosen(types));
}

void infer_unique(NodeTypes& types) {
  types.set(0, types.dtype(0), chosen(types));
  for (const std::size_t output : {1, 2, 3}) types.set(output, DType::i64, Shape{unknown_extent});
}

void infer_suppression(NodeTypes& types) {
  types.set(0, DType::i64, Shape{unknown_extent, 3});
}

constexpr std::array rules{
    ShapeRule{"Compress", 9, 2, 2, 1, infer_compress},
    ShapeRule{"ImageDecoder", 20, 1, 1, 1, infer_image},
    ShapeRule{"NonMaxSuppression", 10, 2, 5, 1, infer_suppression},
    ShapeRule{"NonZero", 9, 1, 1, 1, infer_non_zero},
    ShapeRule{"Unique", 11, 1, 1, 4, infer_unique},
};

}  // namespace

std::span<const ShapeRule> selection_shapes() {
  return rules;
}

}  // namespace ampd::graph
