#include <algorithm>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "protocol/fields.hpp"
#include "protocol/order.hpp"

namespace ampd::protocol {

void describe(auto& fields, of<TunableOp> auto& op) {
  fields("name", op.name);
  fields("type", op.type);
  fields("precisions", op.precisions);
  fields("pinned", op.pinned);
  fields("weight_count", op.weight_count, Range{});
}

void describe(auto& fields, of<TuningSpace> auto& space) {
  fields("ops", space.ops);
  fields("target", space.target);
  fields("other_weight_count", space.other_weight_count, Range{});
}

void describe(auto& fields, of<Progress> auto& reply) {
  fields("batches", reply.batches, Range{});
  fields("batches_done", reply.batches_done, Range{0, reply.batches});
  fields("samples_done", reply.samples_done, Range{});
  fields("accuracy", reply.accuracy);
  fields("configs", reply.configs, Range{1});
}

void describe(auto& fields, of<Checkpoint> auto& reply) {
  fields("state", reply.state);
}

void describe(auto&, of<Stopped> auto&) {}

void describe(auto& fields, of<OpReport> auto& op) {
  fields("name", op.name);
  fields("type", op.type);
  fields("precisions", op.precisions);
  fields("flops", op.flops, Range{});
  fields("bytes", op.bytes, Range{});
  fields("absorbed", op.absorbed);
}

void describe(auto& fields, of<ValueReport> auto& value) {
  fields("name", value.name);
  fields("dtype", value.dtype);
  fields("shape", value.shape, Range{-1, base::limits::tensor_bytes});
  fields("symbols", value.symbols);
}

void describe(auto& fields, of<Inspected> auto& reply) {
  fields("space", reply.space);
  fields("fingerprint", reply.fingerprint);
  fields("opset", reply.opset, Range{});
  fields("inputs", reply.inputs);
  fields("outputs", reply.outputs);
  fields("ops", reply.ops);
  fields("unsupported", reply.unsupported);
  fields("external_files", reply.external_files);
  fields("missing_feature", reply.missing_feature);
  fields("is_emulated", reply.is_emulated);
}

void describe(auto& fields, of<Verdict> auto& verdict) {
  fields("accuracy", verdict.accuracy);
  fields("aborted_after", verdict.aborted_after);
  fields("model_bytes", verdict.model_bytes, Range{});
  fields("footprint_bytes", verdict.footprint_bytes, Range{});
}

void describe(auto& fields, of<Evaluated> auto& reply) {
  fields("verdicts", reply.verdicts);
  fields("samples", reply.samples, Range{});
  fields("seconds", reply.seconds, NotNegative{});
  fields("fingerprint", reply.fingerprint);
}

void describe(auto& fields, of<Latency> auto& latency) {
  fields("median_ns", latency.median_ns, Range{});
  fields("p10_ns", latency.p10_ns, Range{0, latency.median_ns});
  fields("p90_ns", latency.p90_ns, Range{latency.median_ns});
}

void describe(auto& fields, of<Speedup> auto& speedup) {
  fields("median", speedup.median, NotNegative{});
  fields("low", speedup.low, NotNegative{});
  fields("high", speedup.high, NotNegative{});
}

void describe(auto& fields, of<Measured> auto& reply) {
  fields("config", reply.config);
  fields("baseline", reply.baseline);
  fields("speedup", reply.speedup);
}

void describe(auto& fields, of<Exported> auto& reply) {
  fields("samples_compared", reply.samples_compared, Range{});
}

void describe(auto& fields, of<Hashed> auto& reply) {
  fields("digests", reply.digests);
}

void describe(auto& fields, of<Executed> auto& reply) {
  fields("outputs", reply.outputs);
}

void describe(auto& fields, of<Benched::Op> auto& op) {
  fields("name", op.name);
  fields("type", op.type);
  fields("implementation", op.implementation);
  fields("dtype", op.dtype);
  fields("milliseconds", op.milliseconds, NotNegative{});
  fields("flops", op.flops, Range{});
  fields("bytes", op.bytes, Range{});
}

void describe(auto& fields, of<Peaks> auto& peaks) {
  fields("threads", peaks.threads, Range{1, base::limits::threads});
  fields("fp32_gflops", peaks.fp32_gflops, NotNegative{});
  fields("bf16_gflops", peaks.bf16_gflops);
  fields("int8_gops", peaks.int8_gops);
  fields("read_gbytes", peaks.read_gbytes, NotNegative{});
  fields("copy_gbytes", peaks.copy_gbytes, NotNegative{});
  fields("triad_gbytes", peaks.triad_gbytes, NotNegative{});
}

void describe(auto& fields, of<Benched> auto& reply) {
  fields("latency", reply.latency);
  fields("peaks", reply.peaks);
  fields("gflops", reply.gflops, NotNegative{});
  fields("ops", reply.ops);
}

void describe(auto& fields, of<Validated> auto& reply) {
  fields("status", reply.status);
  fields("reason", reply.reason);
  fields("max_abs_error", reply.max_abs_error);
}

void describe(auto& fields, of<Planned::Stage> auto& stage) {
  fields("stage", stage.stage, OneOf{{"baseline", "model_wise", "fallback", "incremental"}});
  fields("trials", stage.trials, Range{});
  fields("reused", stage.reused, Range{0, stage.trials});
  fields("passes", stage.passes, Range{});
  fields("seconds", stage.seconds, NotNegative{});
}

void describe(auto& fields, of<Planned> auto& reply) {
  fields("stages", reply.stages);
  fields("end", reply.end, OneOf{{"exhausted", "max_trials", "timeout", "performance_only"}});
  fields("is_timed", reply.is_timed);
  fields("batches", reply.batches, Range{});
  fields("preparation_seconds", reply.preparation_seconds, NotNegative{});
  fields("latency_seconds", reply.latency_seconds, NotNegative{});
  fields("memory_bytes", reply.memory_bytes, Range{});
  fields("refine_trials", reply.refine_trials, Range{});
  fields("refine_seconds", reply.refine_seconds, NotNegative{});
}

void describe(auto& fields, of<Examined::Offer> auto& offer) {
  fields("precision", offer.precision);
  fields("missing_feature", offer.missing_feature);
  fields("is_emulated", offer.is_emulated);
}

void describe(auto& fields, of<Examined> auto& reply) {
  fields("fingerprint", reply.fingerprint);
  fields("offers", reply.offers);
  fields("peaks", reply.peaks);
  fields("filters_calls", reply.filters_calls);
  fields("locks_files", reply.locks_files);
  fields("spin_count", reply.spin_count);
}

void describe(auto& fields, of<Failed> auto& reply) {
  fields("code", reply.code);
  fields("sentence", reply.sentence);
}

namespace {

constexpr std::array<std::string_view, std::variant_size_v<Reply>> reply_kinds{
    "progress", "checkpoint", "stopped", "inspected", "evaluated", "measured", "exported",
    "hashed",   "executed",   "benched", "validated", "planned",   "examined", "failed"};

/// The replies that end orders stand in the orders' order, after those to any order.
constexpr std::size_t first_own_reply = 3;
static_assert(std::is_same_v<std::variant_alternative_t<first_own_reply, Reply>, Inspected>);
static_assert(std::is_same_v<std::variant_alternative_t<0, Order>, Inspect>);
static_assert(std::variant_size_v<Reply> == first_own_reply + std::variant_size_v<Order> + 1);

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string encode_greeting() {
  return base::json_text({{"kind", "greeting"}, {"version", AMPD_VERSION}});
}

void check_greeting(std::string_view text) {
  if (text == encode_greeting()) return;
  throw Error(ErrorCode::unsupported, "the worker is not an ampd-worker of version " AMPD_VERSION
                                      "; it begins with: " +
                                          base::valid_utf8(text.substr(0, 100)));
}

bool is_final(const Reply& reply) {
  return !std::holds_alternative<Progress>(reply) && !std::holds_alternative<Checkpoint>(reply);
}

bool answers(const Reply& reply, const Order& order) {
  if (!is_final(reply) || std::holds_alternative<Stopped>(reply) ||
      std::holds_alternative<Failed>(reply)) {
    return true;
  }
  const auto* hash = std::get_if<Hash>(&order);
  const auto* hashed = std::get_if<Hashed>(&reply);
  if (hash != nullptr && hashed != nullptr) {
    return hashed->digests.size() == hash->paths.size() &&
           std::ranges::all_of(hashed->digests, is_digest);
  }
  const auto* evaluate = std::get_if<Evaluate>(&order);
  const auto* evaluated = std::get_if<Evaluated>(&reply);
  if (evaluate != nullptr && evaluated != nullptr) {
    const bool can_abort = evaluate->accuracy_needed.has_value();
    return !evaluated->verdicts.empty() && evaluated->verdicts.size() <= evaluate->configs.size() &&
           std::ranges::all_of(evaluated->verdicts, [can_abort](const Verdict& verdict) {
             return !verdict.aborted_after ||
                    (can_abort && *verdict.aborted_after > 0 && std::isfinite(verdict.accuracy));
           });
  }
  return reply.index() == order.index() + first_own_reply;
}

std::string_view to_string(CaseStatus status) {
  switch (status) {
    case CaseStatus::passed:
      return "passed";
    case CaseStatus::failed:
      return "failed";
    case CaseStatus::unsupported:
      return "unsupported";
  }
  return "failed";
}

std::size_t descriptor_count(const Reply& reply) {
  if (const auto* executed = std::get_if<Executed>(&reply)) return executed->outputs.size();
  return std::holds_alternative<Exported>(reply) ? 1 : 0;
}

std::string encode(const Reply& reply) {
  if (const auto* failed = std::get_if<Failed>(&reply)) {
    const Reply readable = Failed{failed->code, base::valid_utf8(failed->sentence)};
    return base::json_text(message_to_json(readable, reply_kinds));
  }
  return base::json_text(message_to_json(reply, reply_kinds));
}

Reply parse_reply(std::string_view text) {
  const nlohmann::json json = base::parse_json(text, "the reply", base::limits::frame_bytes);
  return message_from_json<Reply>(json, "reply", reply_kinds);
}

}  // namespace ampd::protocol
