// What this machine can do at most: arithmetic by type, and traffic to and from memory.
//
// Arithmetic is the better of two ways, each measured in short rounds of which the best counts:
// independent accumulators in registers, fed by the widest instruction of the type that it
// knows (FMA, VDPBF16PS, VPDPBUSD, without any memory traffic), and oneDNN's own product of square
// matrices, which also reaches units that have no such instruction here (AMX, other processors).
// Traffic is measured, as STREAM counts it, on a buffer twice as large as the last cache.
#pragma once

#include <optional>

namespace ampd::engine {

/// Rates in 1e9 per second: operations (a multiplication and an addition are two) and bytes.
struct Peaks {
  int threads = 1;
  double fp32_gflops = 0;
  std::optional<double> bf16_gflops;  // nothing where bf16 has no kernels (missing_feature)
  std::optional<double> int8_gops;    // nothing where oneDNN has no kernel for int8 products
  double read_gbytes = 0;
  double copy_gbytes = 0;   // as much read as written
  double triad_gbytes = 0;  // a[i] = b[i] + k * c[i]
};

/// Takes about a second. Not to be called while programs run.
Peaks measure_peaks(int threads);

/// With as many threads as programs have.
Peaks measure_peaks();

}  // namespace ampd::engine
