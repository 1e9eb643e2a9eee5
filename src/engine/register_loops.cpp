#include "engine/register_loops.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ampd::engine {

#if defined(__x86_64__)
namespace {

constexpr int repetitions = 100'000;  // less than a time slice of the system
constexpr int accumulators = 12;      // more than latency times throughput of any of them
constexpr double operations_of_lane = 2.0 * repetitions * accumulators;

// The empty instructions keep the compiler from computing the loops beforehand or leaving them out.

__attribute__((target("avx2,fma"))) void run_fma_avx2() {
  __m256 sums[accumulators];
  for (auto& sum : sums) sum = _mm256_set1_ps(1.0F);
  __m256 factor = _mm256_set1_ps(0.999F);
  for (int i = 0; i < repetitions; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm256_fmadd_ps(sum, factor, factor);
    asm volatile("" : "+x"(factor));
  }
  for (auto& sum : sums) asm volatile("" : : "x"(sum));
}

__attribute__((target("avx512f"))) void run_fma_avx512() {
  __m512 sums[accumulators];
  for (auto& sum : sums) sum = _mm512_set1_ps(1.0F);
  __m512 factor = _mm512_set1_ps(0.999F);
  for (int i = 0; i < repetitions; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm512_fmadd_ps(sum, factor, factor);
    asm volatile("" : "+v"(factor));
  }
  for (auto& sum : sums) asm volatile("" : : "v"(sum));
}

__attribute__((target("avx512f,avx512bf16"))) void run_dot_bf16() {
  __m512 sums[accumulators];
  for (auto& sum : sums) sum = _mm512_set1_ps(1.0F);
  __m512bh factor = _mm512_cvtne2ps_pbh(sums[0], sums[1]);
  for (int i = 0; i < repetitions; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm512_dpbf16_ps(sum, factor, factor);
    asm volatile("" : "+v"(factor));
  }
  for (auto& sum : sums) asm volatile("" : : "v"(sum));
}

__attribute__((target("avx512f,avx512vnni"))) void run_dot_int8() {
  __m512i sums[accumulators];
  for (auto& sum : sums) sum = _mm512_set1_epi32(1);
  __m512i factor = _mm512_set1_epi8(1);
  for (int i = 0; i < repetitions; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm512_dpbusd_epi32(sum, factor, factor);
    asm volatile("" : "+v"(factor));
  }
  for (auto& sum : sums) asm volatile("" : : "v"(sum));
}

}  // namespace

std::optional<RegisterLoop> fp32_loop() {
  if (__builtin_cpu_supports("avx512f"))
    return RegisterLoop{16 * operations_of_lane, run_fma_avx512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return RegisterLoop{8 * operations_of_lane, run_fma_avx2};
  }
  return std::nullopt;
}

std::optional<RegisterLoop> bf16_loop() {
  if (!__builtin_cpu_supports("avx512bf16")) return std::nullopt;
  return RegisterLoop{32 * operations_of_lane, run_dot_bf16};
}

std::optional<RegisterLoop> int8_loop() {
  if (!__builtin_cpu_supports("avx512vnni")) return std::nullopt;
  return RegisterLoop{64 * operations_of_lane, run_dot_int8};
}

#else

std::optional<RegisterLoop> fp32_loop() {
  return std::nullopt;
}

std::optional<RegisterLoop> bf16_loop() {
  return std::nullopt;
}

std::optional<RegisterLoop> int8_loop() {
  return std::nullopt;
}

#endif

}  // namespace ampd::engine
