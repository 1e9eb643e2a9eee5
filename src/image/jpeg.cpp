#include "image/jpeg.hpp"

#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "ampd/error.hpp"
#include "image/image.hpp"

namespace ampd::image {
namespace {

/// A progressive file may repeat scans that cost time and bring nothing; real ones have about ten.
constexpr int scans_max = 200;

/// libjpeg's errors as a jump back to the caller and a sentence.
struct Failure {
  jpeg_error_mgr manager;
  std::jmp_buf caller;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void fail(j_common_ptr codec) {
  auto* failure = reinterpret_cast<Failure*>(codec->err);
  failure->manager.format_message(codec, failure->message);
  std::longjmp(failure->caller, 1);
}

[[noreturn]] void fail_of_scans(j_common_ptr codec) {
  auto* failure = reinterpret_cast<Failure*>(codec->err);
  std::snprintf(failure->message, sizeof failure->message, "it has too many scans");
  std::longjmp(failure->caller, 1);
}

void judge_warning(j_common_ptr codec, int level) {
  const int code = codec->err->msg_code;
  if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER)) fail(codec);
}

void limit_scans(j_common_ptr codec) {
  if (reinterpret_cast<j_decompress_ptr>(codec)->input_scan_number > scans_max) {
    fail_of_scans(codec);
  }
}

/// A decompressor that frees itself. The steps that libjpeg may leave by a jump hold no objects
/// with destructors.
class Decompressor {
 public:
  Decompressor() {
    codec_.err = ::jpeg_std_error(&failure_.manager);
    failure_.manager.error_exit = fail;
    failure_.manager.emit_message = judge_warning;
    failure_.message[0] = '\0';
    progress_.progress_monitor = limit_scans;
  }
  ~Decompressor() { ::jpeg_destroy_decompress(&codec_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  bool read_header(const unsigned char* bytes, unsigned long count) {
    if (setjmp(failure_.caller) != 0) return false;
    jpeg_create_decompress(&codec_);
    codec_.progress = &progress_;
    ::jpeg_mem_src(&codec_, bytes, count);
    ::jpeg_read_header(&codec_, TRUE);
    const bool is_cmyk = codec_.jpeg_color_space == JCS_CMYK || codec_.jpeg_color_space == JCS_YCCK;
    codec_.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    return true;
  }

  /// `rows` holds height() rows of width() * components() bytes.
  bool read_rows(unsigned char* rows) {
    if (setjmp(failure_.caller) != 0) return false;
    ::jpeg_start_decompress(&codec_);
    while (codec_.output_scanline < codec_.output_height) {
      JSAMPROW row = rows + std::size_t{codec_.output_scanline} * width() * components();
      ::jpeg_read_scanlines(&codec_, &row, 1);
    }
    ::jpeg_finish_decompress(&codec_);
    return true;
  }

  std::size_t height() const { return codec_.image_height; }
  std::size_t width() const { return codec_.image_width; }
  std::size_t components() const { return codec_.out_color_space == JCS_CMYK ? 4 : 3; }
  bool is_inverted() const { return codec_.saw_Adobe_marker != 0; }
  const char* message() const { return failure_.message; }

 private:
  jpeg_decompress_struct codec_{};
  Failure failure_{};
  jpeg_progress_mgr progress_{};
};

[[noreturn]] void refuse(const std::string& name, const Decompressor& decompressor) {
  throw Error(ErrorCode::invalid,
              name + " is not a valid JPEG image: " + std::string(decompressor.message()));
}

void cmyk_to_rgb(const std::vector<unsigned char>& cmyk, bool is_inverted, tensor::Tensor& image) {
  const auto rgb = image.mutable_values<std::uint8_t>();
  const auto ink_free = [&](std::size_t at) { return is_inverted ? cmyk[at] : 255 - cmyk[at]; };
  for (std::size_t pixel = 0; pixel < cmyk.size() / 4; ++pixel) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const int product = ink_free(pixel * 4 + channel) * ink_free(pixel * 4 + 3);
      rgb[pixel * 3 + channel] = static_cast<std::uint8_t>((product + 127) / 255);
    }
  }
}

}  // namespace

tensor::Tensor decode_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  Decompressor decompressor;
  if (!decompressor.read_header(reinterpret_cast<const unsigned char*>(bytes.data()),
                                bytes.size())) {
    refuse(name, decompressor);
  }
  tensor::Tensor image = blank(static_cast<std::int64_t>(decompressor.height()),
                               static_cast<std::int64_t>(decompressor.width()), name);
  if (decompressor.components() == 3) {
    auto* rows = reinterpret_cast<unsigned char*>(image.mutable_bytes().data());
    if (!decompressor.read_rows(rows)) refuse(name, decompressor);
    return image;
  }
  std::vector<unsigned char> cmyk(decompressor.height() * decompressor.width() * 4);
  if (!decompressor.read_rows(cmyk.data())) refuse(name, decompressor);
  cmyk_to_rgb(cmyk, decompressor.is_inverted(), image);
  return image;
}

}  // namespace ampd::image
