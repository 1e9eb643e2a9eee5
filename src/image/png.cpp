#include "image/png.hpp"

#include <png.h>

#include <csetjmp>
#include <cstddef>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "ampd/error.hpp"
#include "base/limits.hpp"
#include "image/image.hpp"

namespace ampd::image {
namespace {

/// Text and profile chunks beyond this are refused; no pixel stands in them.
constexpr png_alloc_size_t chunk_bytes_max = 8 << 20;

struct Source {
  std::span<const std::byte> rest;
  std::string message;
};

void take(png_structp png, png_bytep target, std::size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->rest.size()) png_error(png, "it is cut short");
  std::memcpy(target, source->rest.data(), count);
  source->rest = source->rest.subspan(count);
}

void keep_message(png_structp png, png_const_charp message) {
  static_cast<Source*>(png_get_error_ptr(png))->message = message;
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

/// A reader that frees itself. The steps that libpng may leave by a jump hold no objects with
/// destructors.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : source_{bytes, {}} {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, keep_message, ignore_warning);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png_, &source_, take);
    png_set_chunk_malloc_max(png_, chunk_bytes_max);
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  bool read_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_info(png_, info_);
    return true;
  }

  /// `rows` points to the beginning of each row, of width() * 3 bytes.
  bool read_rows(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_expand(png_);
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_gray_to_rgb(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_rowbytes(png_, info_) != width() * 3) png_error(png_, "its pixels are not RGB");
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }

  std::size_t height() const { return png_get_image_height(png_, info_); }
  std::size_t width() const { return png_get_image_width(png_, info_); }
  const std::string& message() const { return source_.message; }

 private:
  Source source_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

[[noreturn]] void refuse(const std::string& name, const Reader& reader) {
  throw Error(ErrorCode::invalid, name + " is not a valid PNG image: " + reader.message());
}

}  // namespace

tensor::Tensor decode_png(std::span<const std::byte> bytes, const std::string& name) {
  Reader reader(bytes);
  if (!reader.read_header()) refuse(name, reader);
  tensor::Tensor image = blank(static_cast<std::int64_t>(reader.height()),
                               static_cast<std::int64_t>(reader.width()), name);
  std::vector<png_bytep> rows(reader.height());
  for (std::size_t y = 0; y < rows.size(); ++y) {
    rows[y] = reinterpret_cast<png_bytep>(image.mutable_bytes().data()) + y * reader.width() * 3;
  }
  if (!reader.read_rows(rows.data())) refuse(name, reader);
  return image;
}

}  // namespace ampd::image
