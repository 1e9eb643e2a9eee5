#include "client/peaks.hpp"

#include <algorithm>
#include <string>

#include "client/output.hpp"
#include "terminal/format.hpp"

namespace ampd::client {
namespace {

double memory_peak(const protocol::Peaks& peaks) {
  return std::max({peaks.read_gbytes, peaks.copy_gbytes, peaks.triad_gbytes});
}

std::optional<double> compute_peak(const std::string& dtype, const protocol::Peaks& peaks) {
  if (dtype == "float32") return peaks.fp32_gflops;
  if (dtype == "bfloat16") return peaks.bf16_gflops;
  if (dtype == "int8" || dtype == "uint8") return peaks.int8_gops;
  return std::nullopt;
}

}  // namespace

Json json_of(const protocol::Peaks& peaks) {
  return {{"threads", peaks.threads},
          {"fp32_gflops", peaks.fp32_gflops},
          {"bf16_gflops", json_of(peaks.bf16_gflops)},
          {"int8_gops", json_of(peaks.int8_gops)},
          {"read_gbytes", peaks.read_gbytes},
          {"copy_gbytes", peaks.copy_gbytes},
          {"triad_gbytes", peaks.triad_gbytes}};
}

void print_peaks(const std::vector<protocol::Peaks>& peaks) {
  std::vector<terminal::Column> columns{{"PEAK"}};
  for (const protocol::Peaks& each : peaks) {
    columns.push_back({std::to_string(each.threads) + (each.threads == 1 ? " THREAD" : " THREADS"),
                       terminal::Align::right});
  }
  terminal::Table table(columns);
  const auto add = [&](const char* name, const auto& value_of) {
    std::vector<std::string> row{name};
    for (const protocol::Peaks& each : peaks) {
      const std::optional<double> value = value_of(each);
      row.push_back(value ? terminal::decimal(*value, 1) : "not offered");
    }
    table.add(row);
  };
  using protocol::Peaks;
  add("fp32 GFLOP/s", [](const Peaks& p) { return std::optional(p.fp32_gflops); });
  add("bf16 GFLOP/s", [](const Peaks& p) { return p.bf16_gflops; });
  add("int8 GOP/s", [](const Peaks& p) { return p.int8_gops; });
  add("read GB/s", [](const Peaks& p) { return std::optional(p.read_gbytes); });
  add("copy GB/s", [](const Peaks& p) { return std::optional(p.copy_gbytes); });
  add("triad GB/s", [](const Peaks& p) { return std::optional(p.triad_gbytes); });
  print_table(table, "There are no peaks.");
}

Share share_of(const protocol::Benched::Op& op, const protocol::Peaks& peaks) {
  Share share;
  if (!(op.milliseconds > 0)) return share;
  const auto rate = [&](std::int64_t amount) {
    return static_cast<double>(amount) / op.milliseconds / 1e6;
  };
  const double memory = memory_peak(peaks);
  share.gbytes = rate(op.bytes);
  if (memory > 0) share.memory = *share.gbytes / memory;
  if (op.flops > 0) {
    share.gflops = rate(op.flops);
    const std::optional<double> compute = compute_peak(op.dtype, peaks);
    if (compute && *compute > 0) share.compute = *share.gflops / *compute;
  }
  if (share.compute || share.memory) {
    share.bound = share.compute.value_or(0) > share.memory.value_or(0) ? "compute" : "memory";
  }
  return share;
}

}  // namespace ampd::client
