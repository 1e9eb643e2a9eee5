// The sliding window of convolutions and pools: kernel, strides, dilations and pads of the spatial
// axes, with `auto_pad` resolved. Shape rules, kernels and the engine read it from here, so that
// all agree.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.hpp"

namespace ampd::graph {

struct SpatialWindow {
  tensor::Shape kernel;
  tensor::Shape strides;
  tensor::Shape dilations;
  tensor::Shape pads_begin;
  tensor::Shape pads_end;
  tensor::Shape output;  // spatial extents of the result
};

/// Of a Conv or pool. `input` holds the spatial extents alone, `kernel` the window's. Unknown input
/// extents give unknown output extents (and pads of 0 under `auto_pad`). Throws Error(invalid)
/// naming the node for attributes of a wrong count, non-positive strides or dilations, negative
/// pads, or a window larger than the padded input.
SpatialWindow spatial_window(const Node& node, const tensor::Shape& input,
                             const tensor::Shape& kernel);

/// Of a ConvTranspose: the same with `output_padding` and `output_shape` honoured.
SpatialWindow transposed_window(const Node& node, const tensor::Shape& input,
                                const tensor::Shape& kernel);

}  // namespace ampd::graph
