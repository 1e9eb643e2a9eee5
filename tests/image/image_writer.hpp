// Writes small JPEG and PNG files for the tests, and reads JPEG files in the shortest way.
#pragma once

#include <doctest/doctest.h>
#include <jpeglib.h>
#include <png.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tensor/tensor.hpp"

/// Pixels row by row, `channels` numbers each.
struct Picture {
  unsigned height = 0;
  unsigned width = 0;
  unsigned channels = 3;
  std::vector<std::uint8_t> pixels;

  /// Smooth colours, so that JPEG keeps them nearly.
  static Picture gradient(unsigned height, unsigned width, unsigned channels = 3) {
    Picture picture{height, width, channels, {}};
    for (unsigned y = 0; y < height; ++y) {
      for (unsigned x = 0; x < width; ++x) {
        for (unsigned c = 0; c < channels; ++c) {
          picture.pixels.push_back(static_cast<std::uint8_t>(40 * c + 3 * y + 2 * x));
        }
      }
    }
    return picture;
  }
};

inline std::string jpeg_of(const Picture& picture, bool is_progressive = false) {
  jpeg_compress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&codec, &buffer, &size);
  codec.image_width = picture.width;
  codec.image_height = picture.height;
  codec.input_components = static_cast<int>(picture.channels);
  codec.in_color_space = picture.channels == 1   ? JCS_GRAYSCALE
                         : picture.channels == 4 ? JCS_CMYK
                                                 : JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, 100, TRUE);
  if (is_progressive) jpeg_simple_progression(&codec);
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    auto* row = const_cast<std::uint8_t*>(
        &picture.pixels[std::size_t{codec.next_scanline} * picture.width * picture.channels]);
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  std::string bytes(reinterpret_cast<const char*>(buffer), size);
  jpeg_destroy_compress(&codec);
  std::free(buffer);
  return bytes;
}

/// `color_type` is libpng's; the pixels have as many bytes as it needs.
inline std::string png_of(const Picture& picture, int color_type, int bit_depth = 8,
                          int interlace = PNG_INTERLACE_NONE) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp writer, png_bytep data, std::size_t count) {
        static_cast<std::string*>(png_get_io_ptr(writer))
            ->append(reinterpret_cast<const char*>(data), count);
      },
      nullptr);
  png_set_IHDR(png, info, picture.width, picture.height, bit_depth, color_type, interlace,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  const png_color palette[] = {{10, 20, 30}, {40, 50, 60}};
  if (color_type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 2);
  png_write_info(png, info);
  const std::size_t row_bytes = picture.pixels.size() / picture.height;
  std::vector<png_bytep> rows;
  for (unsigned y = 0; y < picture.height; ++y) {
    rows.push_back(const_cast<png_bytep>(&picture.pixels[y * row_bytes]));
  }
  png_write_image(png, rows.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

/// Height x width x RGB. The file must be one of jpeg_of.
inline ampd::tensor::Tensor decoded_by_libjpeg(const std::string& bytes) {
  jpeg_decompress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&codec, TRUE);
  jpeg_start_decompress(&codec);
  ampd::tensor::Tensor image(ampd::tensor::DType::u8, {codec.output_height, codec.output_width, 3});
  while (codec.output_scanline < codec.output_height) {
    std::uint8_t* row = image.mutable_values<std::uint8_t>().data() +
                        std::size_t{codec.output_scanline} * codec.output_width * 3;
    jpeg_read_scanlines(&codec, &row, 1);
  }
  jpeg_destroy_decompress(&codec);
  return image;
}
