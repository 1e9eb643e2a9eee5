#include "engine/peaks.hpp"

#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/memory_size.hpp"
#include "engine/machine.hpp"
#include "engine/onednn.hpp"
#include "engine/program.hpp"
#include "engine/register_loops.hpp"

namespace ampd::engine {
namespace {

using onednn::Description;
using Type = dnnl::memory::data_type;

constexpr int loop_rounds = 80;
constexpr int product_rounds = 6;
constexpr std::size_t traffic_passes = 2;
constexpr std::int64_t product_extent = 1024;
constexpr std::size_t buffer_bytes_min = std::size_t{128} << 20;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The time in which all threads have done `work`, which is given the thread's number.
template <class Work>
double seconds_of(int threads, const Work& work) {
  double start = 0;
  double seconds = 0;
#pragma omp parallel num_threads(threads) shared(start, seconds)
  {
#pragma omp barrier
#pragma omp master
    start = now_seconds();
    work(omp_get_thread_num());
#pragma omp barrier
#pragma omp master
    seconds = now_seconds() - start;
  }
  return seconds;
}

double loop_rate(const std::optional<RegisterLoop>& loop, int threads) {
  if (!loop) return 0;
  double best = std::numeric_limits<double>::infinity();
  for (int round = 0; round < loop_rounds; ++round) {
    best = std::min(best, seconds_of(threads, [&](int) { loop->run(); }));
  }
  return loop->operations * threads / best / 1e9;
}

/// 0 where oneDNN has nothing but a reference kernel.
double product_rate(Type source, Type weights, Type destination, int threads) {
  const auto square = [](Type type) {
    return Description({product_extent, product_extent}, type, dnnl::memory::format_tag::any);
  };
  const int threads_before = omp_get_max_threads();
  omp_set_num_threads(threads);
  double best = 0;
  const std::optional<onednn::Offer> offer =
      onednn::matmul({square(source), square(weights), {}, square(destination)}, {});
  if (offer) {
    const std::array<Description, 4> kinds{offer->source(), offer->weights(), offer->destination(),
                                           offer->scratchpad()};
    std::vector<std::vector<std::byte>> room;
    for (const Description& each : kinds) room.emplace_back(each.get_size() + 1);
    const auto memory = [&](std::size_t i) {
      return dnnl::memory(kinds[i], onednn::cpu(), room[i].data());
    };
    const std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, memory(0)},
                                                          {DNNL_ARG_WEIGHTS, memory(1)},
                                                          {DNNL_ARG_DST, memory(2)},
                                                          {DNNL_ARG_SCRATCHPAD, memory(3)}};
    const dnnl::primitive product = offer->make();
    dnnl::stream stream(onednn::cpu());
    for (int round = 0; round <= product_rounds; ++round) {
      const double start = now_seconds();
      product.execute(stream, arguments);
      stream.wait();
      const double extent = product_extent;
      best = std::max(best, 2 * extent * extent * extent / (now_seconds() - start) / 1e9);
    }
  }
  omp_set_num_threads(threads_before);
  return best;
}

/// A buffer far beyond the caches, in blocks. A round works on one block, where each thread has
/// three arrays, and the next round on the next: until a block's turn comes again, all others have
/// passed through the caches.
class Traffic {
 public:
  explicit Traffic(int threads)
      : threads_(threads),
        blocks_(buffer_bytes() / (arrays * array_bytes * static_cast<std::size_t>(threads)) + 1),
        room_(std::make_unique_for_overwrite<float[]>(first(0, blocks_))) {
#pragma omp parallel num_threads(threads)
    for (std::size_t block = 0; block < blocks_; ++block) {
      std::fill_n(room_.get() + first(omp_get_thread_num(), block), arrays * length, 1.F);
    }
  }

  void measure(Peaks& peaks) const {
    peaks.read_gbytes = rate(3, [](float* arrays_of_thread) {
      const auto* words = reinterpret_cast<const std::byte*>(arrays_of_thread);
      std::array<std::uint64_t, 8> sums{};
      for (std::size_t i = 0; i < arrays * array_bytes; i += sizeof sums) {
        std::array<std::uint64_t, 8> line;
        std::memcpy(&line, words + i, sizeof line);
        for (std::size_t k = 0; k < line.size(); ++k) sums[k] += line[k];
      }
      for (const std::uint64_t sum : sums) asm volatile("" : : "r"(sum));
    });
    peaks.copy_gbytes = rate(2, [](float* a) {
      std::memcpy(a, a + length, array_bytes);
      asm volatile("" : : "r"(a) : "memory");
    });
    peaks.triad_gbytes = rate(3, [](float* a) {
      const float* b = a + length;
      const float* c = b + length;
      for (std::size_t i = 0; i < length; ++i) a[i] = b[i] + 3 * c[i];
      asm volatile("" : : "r"(a) : "memory");
    });
  }

 private:
  static constexpr std::size_t arrays = 3;
  static constexpr std::size_t array_bytes = 4 << 20;
  static constexpr std::size_t length = array_bytes / sizeof(float);

  static std::size_t buffer_bytes() {
    const auto cache = static_cast<std::size_t>(std::max(::sysconf(_SC_LEVEL3_CACHE_SIZE), 0L));
    const auto affordable = static_cast<std::size_t>(base::physical_bytes() / 8);
    return std::max(buffer_bytes_min, std::min(2 * cache, affordable));
  }

  /// Where the arrays of a thread in a block begin.
  std::size_t first(int thread, std::size_t block) const {
    const auto threads = static_cast<std::size_t>(threads_);
    return (block * threads + static_cast<std::size_t>(thread)) * arrays * length;
  }

  template <class Work>
  double rate(int arrays_moved, const Work& work) const {
    double best = std::numeric_limits<double>::infinity();
    for (std::size_t round = 0; round < traffic_passes * blocks_; ++round) {
      best = std::min(best, seconds_of(threads_, [&](int thread) {
                        work(room_.get() + first(thread, round % blocks_));
                      }));
    }
    return static_cast<double>(array_bytes) * arrays_moved * threads_ / best / 1e9;
  }

  int threads_;
  std::size_t blocks_;
  std::unique_ptr<float[]> room_;
};

}  // namespace

Peaks measure_peaks(int threads) {
  Peaks peaks;
  peaks.threads = threads;
  peaks.fp32_gflops = std::max(loop_rate(fp32_loop(), threads),
                               product_rate(Type::f32, Type::f32, Type::f32, threads));
  if (missing_feature(Precision::bf16).empty()) {
    peaks.bf16_gflops = std::max(loop_rate(bf16_loop(), threads),
                                 product_rate(Type::bf16, Type::bf16, Type::bf16, threads));
  }
  const double int8_product = product_rate(Type::u8, Type::s8, Type::s32, threads);
  if (int8_product > 0) {
    peaks.int8_gops = std::max(loop_rate(int8_loop(), threads), int8_product);
  }
  Traffic(threads).measure(peaks);
  return peaks;
}

Peaks measure_peaks() {
  adopt_threads();
  return measure_peaks(omp_get_max_threads());
}

}  // namespace ampd::engine
