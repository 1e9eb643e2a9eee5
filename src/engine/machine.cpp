#include "engine/machine.hpp"

#include <omp.h>

#include <atomic>
#include <utility>

#include "base/check.hpp"
#include "engine/onednn.hpp"
#include "engine/program.hpp"

namespace ampd::engine {
namespace {

// To be raised whenever a change of the engine or the passes can change a result's bits.
constexpr int numerics_version = 3;

// OpenMP keeps the number per thread; this one is for all. 0: OpenMP's own choice.
std::atomic<int> chosen_threads{0};

thread_local int scoped_threads = 0;  // 0: in no scope

}  // namespace

void set_threads(int threads) {
  AMPD_CHECK(threads > 0);
  chosen_threads = threads;
  adopt_threads();
}

void adopt_threads() {
  const int threads = scoped_threads > 0 ? scoped_threads : chosen_threads.load();
  if (threads > 0 && threads != omp_get_max_threads()) omp_set_num_threads(threads);
}

int threads() {
  adopt_threads();
  return omp_get_max_threads();
}

ThreadScope::ThreadScope(int threads)
    : outer_threads_(engine::threads()), outer_scope_(std::exchange(scoped_threads, threads)) {
  adopt_threads();
}

ThreadScope::~ThreadScope() {
  scoped_threads = outer_scope_;
  omp_set_num_threads(outer_threads_);
}

std::string fingerprint() {
  return "onednn " + onednn::version() + ", isa " + onednn::effective_isa() + ", threads " +
         std::to_string(threads()) + ", numerics " + std::to_string(numerics_version);
}

std::string missing_feature(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return "";
    case Precision::bf16:
      return onednn::has_bfloat16() ? "" : "avx512_core";
    case Precision::fp16:
      return "kernels for float16, of which oneDNN " + onednn::version() + " has none";
    case Precision::int8:
      return "calibrated int8 scales, which this version of ampd does not make";
  }
  return "";
}

bool is_emulated(Precision precision) {
  return precision == Precision::bf16 && onednn::has_bfloat16() && !onednn::multiplies_bfloat16();
}

}  // namespace ampd::engine
