#include "engine/peaks.hpp"

#include <doctest/doctest.h>

#include <string>

#include "engine/program.hpp"

using namespace ampd;

TEST_CASE("the peaks of one thread and of two are measured") {
  for (const int threads : {1, 2}) {
    const engine::Peaks peaks = engine::measure_peaks(threads);
    CHECK(peaks.threads == threads);
    CHECK(peaks.fp32_gflops > 0.5);
    CHECK(peaks.read_gbytes > 0.1);
    CHECK(peaks.copy_gbytes > 0.1);
    CHECK(peaks.triad_gbytes > 0.1);
    CHECK(peaks.bf16_gflops.has_value() == engine::missing_feature(Precision::bf16).empty());
    if (peaks.bf16_gflops) CHECK(*peaks.bf16_gflops > 0.5);
    if (peaks.int8_gops) CHECK(*peaks.int8_gops > 0.5);
  }
}

TEST_CASE("measuring leaves programs their number of threads") {
  const std::string before = engine::fingerprint();
  engine::measure_peaks(1);
  CHECK(engine::fingerprint() == before);
}
