// Measures what one core of this machine can do at most: f32 FMA and bf16 dot products, in GFLOP/s.
//
// Independent accumulators in registers, no memory traffic; the best of several rounds counts.
// Prints one JSON object; an instruction set that the CPU lacks is left out.
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace {

constexpr int rounds = 20;
constexpr int repetitions = 400'000;
constexpr int accumulators = 12;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class Loop>
double best_gflops(double flops_per_repetition, Loop loop) {
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    const double start = seconds_now();
    loop();
    best = std::max(best, flops_per_repetition * repetitions / (seconds_now() - start) / 1e9);
  }
  return best;
}

__attribute__((target("avx2,fma"))) void fma_avx2() {
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

__attribute__((target("avx512f"))) void fma_avx512() {
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

__attribute__((target("avx512f,avx512bf16"))) void dot_bf16() {
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

}  // namespace

int main() {
  const bool has_avx512 = __builtin_cpu_supports("avx512f");
  const bool has_fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const char* separator = "";
  std::printf("{");
  if (has_avx512 || has_fma) {
    const double flops = 2.0 * accumulators * (has_avx512 ? 16 : 8);
    std::printf("\"fma_f32_gflops\": %.1f", best_gflops(flops, has_avx512 ? fma_avx512 : fma_avx2));
    separator = ", ";
  }
  if (__builtin_cpu_supports("avx512bf16")) {
    std::printf("%s\"dot_bf16_gflops\": %.1f", separator,
                best_gflops(4.0 * accumulators * 16, dot_bf16));
  }
  std::printf("}\n");
}
