#include "graph/resize_plan.hpp"

#include <algorithm>
#include <cmath>

#include "base/limits.hpp"
#include "graph/node_error.hpp"

namespace ampd::graph {
namespace {

std::vector<double> numbers(const tensor::Tensor& value) {
  const tensor::Tensor wide = tensor::convert(value, tensor::DType::f64);
  return {wide.values<double>().begin(), wide.values<double>().end()};
}

/// The axes that the lists speak of, in their order.
std::vector<std::size_t> listed_axes(const Node& node, std::size_t rank) {
  std::vector<std::size_t> axes;
  for (const std::int64_t axis : node.attributes.integers("axes")) {
    const std::int64_t counted = axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis;
    if (counted < 0 || counted >= static_cast<std::int64_t>(rank)) {
      throw NodeError(node, "has the axis " + std::to_string(axis));
    }
    axes.push_back(static_cast<std::size_t>(counted));
  }
  for (std::size_t axis = 0; !node.attributes.has("axes") && axis < rank; ++axis) {
    axes.push_back(axis);
  }
  return axes;
}

void set_scale(const Node& node, ResizedAxis& axis, double scale) {
  if (!(scale > 0)) throw NodeError(node, "has a scale that is not positive");
  const double extent = std::floor(static_cast<double>(axis.input) * scale);
  if (!(extent < static_cast<double>(base::limits::tensor_bytes))) {
    throw NodeError(node, "has a scale that makes its result too large");
  }
  axis.scale = scale;
  axis.output = static_cast<std::int64_t>(extent);
}

void set_size(const Node& node, ResizedAxis& axis, double size) {
  if (!(size >= 0 && size < static_cast<double>(base::limits::tensor_bytes)) ||
      (axis.input == 0 && size != 0)) {
    throw NodeError(node, "has an impossible size");
  }
  axis.output = static_cast<std::int64_t>(size);
  axis.scale = axis.input == 0 ? 1 : size / static_cast<double>(axis.input);
}

/// One scale for all listed axes, so that the picture is not distorted.
void keep_aspect(const Node& node, const std::vector<std::size_t>& listed,
                 std::vector<ResizedAxis>& axes) {
  const std::string policy = node.attributes.text("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch" || listed.empty()) return;
  if (policy != "not_larger" && policy != "not_smaller") {
    throw NodeError(node, "has the keep_aspect_ratio_policy " + policy);
  }
  double scale = axes[listed[0]].scale;
  for (const std::size_t axis : listed) {
    scale = policy == "not_larger" ? std::min(scale, axes[axis].scale)
                                   : std::max(scale, axes[axis].scale);
  }
  for (const std::size_t axis : listed) {
    axes[axis].scale = scale;
    axes[axis].output =
        static_cast<std::int64_t>(std::floor(static_cast<double>(axes[axis].input) * scale + 0.5));
  }
}

}  // namespace

std::vector<ResizedAxis> resize_plan(const Node& node, const tensor::Shape& input,
                                     const tensor::Tensor* region, const tensor::Tensor* scales,
                                     const tensor::Tensor* sizes) {
  std::vector<ResizedAxis> axes;
  for (const std::int64_t extent : input) axes.push_back({extent, extent});
  const std::vector<std::size_t> listed = listed_axes(node, input.size());
  const bool has_scales = scales != nullptr && scales->size() != 0;
  const bool has_sizes = sizes != nullptr && sizes->size() != 0;
  if (has_scales == has_sizes) throw NodeError(node, "needs scales or sizes, one of them");
  const std::vector<double> list = numbers(has_scales ? *scales : *sizes);
  if (list.size() != listed.size()) throw NodeError(node, "has a wrong number of scales or sizes");
  for (std::size_t i = 0; i < listed.size(); ++i) {
    if (has_scales) {
      set_scale(node, axes[listed[i]], list[i]);
    } else {
      set_size(node, axes[listed[i]], list[i]);
    }
  }
  if (has_sizes) keep_aspect(node, listed, axes);
  if (region != nullptr && region->size() != 0) {
    const std::vector<double> bounds = numbers(*region);
    if (bounds.size() != 2 * listed.size()) throw NodeError(node, "has a wrong region");
    for (std::size_t i = 0; i < listed.size(); ++i) {
      axes[listed[i]].region_begin = bounds[i];
      axes[listed[i]].region_end = bounds[i + listed.size()];
    }
  }
  return axes;
}

}  // namespace ampd::graph
