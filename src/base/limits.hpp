// Every limit of ampd, by name, units last.
#pragma once

#include <cstddef>
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
inline constexpr std::int64_t graph_depth = 16;  // of graphs inside nodes
inline constexpr std::int64_t tensor_rank = 12;
inline constexpr std::int64_t tensor_bytes = std::int64_t{16} << 30;
inline constexpr std::int64_t folded_bytes = std::int64_t{4} << 30;  // of one graph's constants
inline constexpr std::int64_t folding_bytes_read = std::int64_t{64} << 30;
inline constexpr std::int64_t image_file_bytes = 256 << 20;
inline constexpr std::int64_t image_pixels = 128 << 20;
inline constexpr std::int64_t name_characters = 512;
inline constexpr std::int64_t frame_bytes = 16 << 20;
inline constexpr std::int64_t frame_descriptors = 240;  // Linux passes 253 at once
inline constexpr std::int64_t path_bytes = 4096;
inline constexpr std::int64_t folder_depth = 32;  // of what is uploaded
inline constexpr std::int64_t json_depth = 32;
inline constexpr std::int64_t http_body_bytes = 16 << 20;
inline constexpr std::int64_t stderr_tail_bytes = 4 << 10;
inline constexpr std::int64_t idle_arena_bytes = std::int64_t{1} << 30;  // of kept programs
inline constexpr double kept_share = 0.25;  // of the memory budget: inputs and fp32 outputs
inline constexpr double batch_seconds = 3;  // of configs together: a stop waits for the batch
inline constexpr std::int64_t worker_silence_seconds = 1800;  // then it counts as hung
inline constexpr std::int64_t worker_descriptors = 1024;
inline constexpr std::int64_t worker_idle_seconds = 60;     // then its memory is given back
inline constexpr std::int64_t worker_farewell_seconds = 2;  // to end after its connection has
inline constexpr std::int64_t threads = 1024;
inline constexpr std::int64_t memory_mib = 64 << 20;
inline constexpr std::int64_t trials_together = 256;
inline constexpr std::int64_t repetitions = 1'000'000;  // of a measurement

// The daemon and its clients.
inline constexpr std::int64_t configuration_file_bytes = 64 << 10;
inline constexpr std::size_t socket_path_bytes = 107;  // the kernel's own
inline constexpr int http_backlog = 128;
inline constexpr int http_connections = 256;
inline constexpr int http_connections_of_user = 64;
inline constexpr std::uint32_t http_header_bytes = 16 << 10;
inline constexpr std::uint64_t http_answer_bytes = 256 << 20;
inline constexpr std::size_t http_read_bytes = 64 << 10;  // of a body, at once
inline constexpr int http_header_seconds = 30;            // an idle connection's patience too
inline constexpr int http_body_seconds = 30;
inline constexpr int http_write_seconds = 30;  // without any progress
inline constexpr int http_accept_pause_milliseconds = 200;
inline constexpr std::int64_t upload_mib = 16 << 10;  // of one user, unless configured
inline constexpr std::int64_t upload_sync_bytes = 32 << 20;
inline constexpr std::int64_t upload_kept_seconds = 24 * 3600;  // without a job that uses it
inline constexpr double requests_per_second_of_user = 500;
inline constexpr double requests_at_once_of_user = 2000;
inline constexpr std::size_t submissions_waiting = 16;
inline constexpr int submission_pause_milliseconds = 50;
inline constexpr int watch_pause_milliseconds = 200;
inline constexpr int watch_silence_seconds = 10;
inline constexpr int shutdown_milliseconds = 4000;  // for the running batch

}  // namespace ampd::base::limits
