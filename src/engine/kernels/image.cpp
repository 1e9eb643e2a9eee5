// Files of pictures.
#include "image/image.hpp"

#include <algorithm>
#include <array>

#include "engine/kernels/kernel.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Tensor;

/// The luma of ITU-R BT.601, whose weights sum to 2^16.
std::uint8_t luma(const std::uint8_t* rgb) {
  constexpr std::uint32_t red = 19595;
  constexpr std::uint32_t green = 38470;
  constexpr std::uint32_t blue = 7471;
  const std::uint32_t sum = rgb[0] * red + rgb[1] * green + rgb[2] * blue;
  return static_cast<std::uint8_t>((sum + (1 << 15)) >> 16);
}

Tensor grey(const Tensor& image) {
  Tensor result(DType::u8, {image.shape()[0], image.shape()[1], 1});
  const std::uint8_t* rgb = image.values<std::uint8_t>().data();
  for (std::uint8_t& pixel : result.mutable_values<std::uint8_t>()) {
    pixel = luma(rgb);
    rgb += 3;
  }
  return result;
}

bool run_image_decoder(KernelCall& call) {
  const std::string format = call.attributes().text("pixel_format", "RGB");
  const graph::Node& node = call.node();
  Tensor image = image::decode(call.input(0).bytes(),
                               "the input of the node " + node.name + " (" + node.op_type + ")");
  if (format == "Grayscale") image = grey(image);
  if (format == "BGR") {
    const auto values = image.mutable_values<std::uint8_t>();
    for (std::size_t i = 0; i < values.size(); i += 3) std::swap(values[i], values[i + 2]);
  }
  call.set_output(0, std::move(image));
  return true;
}

constexpr std::array kernels{
    Kernel{"ImageDecoder", Kernel::Kind::moves, run_image_decoder},
};

}  // namespace

std::span<const Kernel> image_kernels() {
  return kernels;
}

}  // namespace ampd::engine
