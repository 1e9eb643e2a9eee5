#include "worker/replies.hpp"

#include "engine/program.hpp"

namespace ampd::worker {
namespace {

std::vector<protocol::ValueReport> reply_of(const std::vector<evaluation::ValueInfo>& values) {
  std::vector<protocol::ValueReport> reports;
  for (const evaluation::ValueInfo& value : values) {
    reports.push_back(
        {value.name, std::string(to_string(value.dtype)), value.shape, value.symbols});
  }
  return reports;
}

}  // namespace

protocol::Inspected reply_of(const evaluation::Inspection& found) {
  protocol::Inspected reply;
  reply.space = found.space;
  reply.fingerprint = engine::fingerprint();
  reply.opset = found.opset;
  reply.inputs = reply_of(found.inputs);
  reply.outputs = reply_of(found.outputs);
  for (const evaluation::OpInfo& op : found.ops) {
    reply.ops.push_back({op.name, op.type, op.precisions, op.flops, op.bytes, op.absorbed});
  }
  reply.unsupported = found.unsupported;
  reply.external_files = found.external_files;
  reply.missing_feature = found.missing_feature;
  reply.is_emulated = engine::is_emulated(found.space.target);
  return reply;
}

protocol::Latency reply_of(const evaluation::Latency& latency) {
  return {latency.median_ns, latency.p10_ns, latency.p90_ns};
}

protocol::Validated reply_of(const evaluation::Verdict& verdict) {
  using Status = evaluation::Verdict::Status;
  const protocol::CaseStatus status =
      verdict.status == Status::passed   ? protocol::CaseStatus::passed
      : verdict.status == Status::failed ? protocol::CaseStatus::failed
                                         : protocol::CaseStatus::unsupported;
  return {status, verdict.reason, verdict.max_abs_error};
}

protocol::Peaks reply_of(const engine::Peaks& peaks) {
  return {peaks.threads,     peaks.fp32_gflops, peaks.bf16_gflops, peaks.int8_gops,
          peaks.read_gbytes, peaks.copy_gbytes, peaks.triad_gbytes};
}

protocol::Benched reply_of(const evaluation::Latency& latency,
                           const std::vector<evaluation::StepTime>& steps,
                           const engine::Peaks& peaks) {
  protocol::Benched reply;
  reply.latency = reply_of(latency);
  reply.peaks = reply_of(peaks);
  std::int64_t flops = 0;
  for (const auto& [step, milliseconds] : steps) {
    flops += step.flops;
    reply.ops.push_back({step.op, step.type, step.implementation,
                         std::string(to_string(step.source_dtype)), milliseconds, step.flops,
                         step.bytes});
  }
  const auto median_ns = static_cast<double>(std::max<std::int64_t>(latency.median_ns, 1));
  reply.gflops = static_cast<double>(flops) / median_ns;
  return reply;
}

protocol::Planned reply_of(const evaluation::Plan& plan) {
  protocol::Planned reply;
  for (const evaluation::Plan::Stage& stage : plan.stages) {
    reply.stages.push_back({std::string(tuning::to_string(stage.stage)), stage.trials, stage.reused,
                            stage.passes, stage.seconds});
  }
  reply.end = std::string(tuning::to_string(plan.end));
  reply.is_timed = plan.is_timed;
  reply.batches = plan.batches;
  reply.preparation_seconds = plan.preparation_seconds;
  reply.latency_seconds = plan.latency_seconds;
  reply.memory_bytes = plan.memory_bytes;
  reply.refine_trials = plan.refine_trials;
  reply.refine_seconds = plan.refine_seconds;
  return reply;
}

}  // namespace ampd::worker
