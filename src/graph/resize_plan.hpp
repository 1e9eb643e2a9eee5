// What a Resize does to each axis: its extents and its scale, from whichever inputs it has. The
// shape rule, the kernel and the engine read it from here, so that all agree.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.hpp"

namespace ampd::graph {

struct ResizedAxis {
  std::int64_t input = 0;
  std::int64_t output = 0;
  double scale = 1;         // output / input as given, not rounded to whole elements
  double region_begin = 0;  // of a crop, as shares of the input's extent
  double region_end = 1;
};

/// One entry per axis; null inputs are absent. Throws NodeError for sizes or scales that do not
/// fit the input.
std::vector<ResizedAxis> resize_plan(const Node& node, const tensor::Shape& input,
                                     const tensor::Tensor* region, const tensor::Tensor* scales,
                                     const tensor::Tensor* sizes);

}  // namespace ampd::graph
