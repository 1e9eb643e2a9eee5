// Every limit of ampd, by name, units last.
#pragma once

#include <cstdint>

namespace ampd::base::limits {

inline constexpr std::int64_t job_file_bytes = 64 << 10;
inline constexpr std::int64_t job_file_depth = 16;
inline constexpr std::int64_t job_file_nodes = 4096;
inline constexpr std::int64_t config_file_bytes = 4 << 20;
inline constexpr std::int64_t dicts_bytes = 64 << 20;
inline constexpr std::int64_t model_bytes = std::int64_t{2} << 30;  // protobuf's own limit
inline constexpr std::int64_t external_data_bytes = std::int64_t{64} << 30;
inline constexpr std::int64_t model_parts = 4 << 20;  // nodes, names, attributes ... of one file
inline constexpr std::int64_t graph_nodes = 100'000;
inline constexpr std::int64_t tensor_rank = 12;
inline constexpr std::int64_t tensor_bytes = std::int64_t{16} << 30;
inline constexpr std::int64_t folded_bytes = std::int64_t{4} << 30;  // of one graph's constants
inline constexpr std::int64_t folding_bytes_read = std::int64_t{64} << 30;
inline constexpr std::int64_t image_file_bytes = 256 << 20;
inline constexpr std::int64_t image_pixels = 128 << 20;
inline constexpr std::int64_t name_characters = 512;
inline constexpr std::int64_t frame_bytes = 16 << 20;
inline constexpr std::int64_t frame_descriptors = 240;  // Linux passes 253 at once
inline constexpr std::int64_t json_depth = 32;
inline constexpr std::int64_t http_body_bytes = 16 << 20;
inline constexpr std::int64_t stderr_tail_bytes = 4 << 10;
inline constexpr std::int64_t reference_bytes = std::int64_t{1} << 30;  // kept fp32 outputs
inline constexpr std::int64_t worker_silence_seconds = 1800;  // then it counts as hung
inline constexpr std::int64_t worker_idle_seconds = 60;       // then its memory is given back
inline constexpr std::int64_t worker_farewell_seconds = 2;    // to end after its connection has
inline constexpr std::int64_t threads = 1024;
inline constexpr std::int64_t repetitions = 1'000'000;  // of a measurement

}  // namespace ampd::base::limits
