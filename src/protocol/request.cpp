#include "base/json.hpp"
#include "base/limits.hpp"
#include "protocol/fields.hpp"
#include "protocol/order.hpp"

namespace ampd::protocol {
namespace {

constexpr Range extents{0, base::limits::tensor_bytes};
constexpr Range repetitions{0, base::limits::repetitions};

}  // namespace

void describe(auto& fields, of<ModelReference> auto& model) {
  fields("path", model.path);
  fields("folder", model.folder);
  fields("name", model.name);
}

void describe(auto& fields, of<Inputs> auto& inputs) {
  fields("files", inputs.files);
  fields("shapes", inputs.shapes, extents);
}

void describe(auto& fields, of<Inspect> auto& order) {
  fields("model", order.model);
  fields("target", order.target);
  fields("inputs", order.inputs);
  fields("job", order.job);
}

void describe(auto& fields, of<Evaluate> auto& order) {
  fields("model", order.model);
  fields("job", order.job);
  fields("configs", order.configs);
  fields("cost_max", order.cost_max, NotNegative{});
  fields("memory_bytes_max", order.memory_bytes_max, Range{});
  fields("accuracy_needed", order.accuracy_needed);
  fields("checkpoint", order.checkpoint);
}

void describe(auto& fields, of<Measure> auto& order) {
  fields("model", order.model);
  fields("job", order.job);
  fields("precisions", order.precisions);
}

void describe(auto& fields, of<Export> auto& order) {
  fields("model", order.model);
  fields("job", order.job);
  fields("precisions", order.precisions);
  fields("profile", order.profile, OneOf{{"bf16", "fp32"}});
}

void describe(auto& fields, of<Hash> auto& order) {
  fields("paths", order.paths);
}

void describe(auto& fields, of<Execute> auto& order) {
  fields("model", order.model);
  fields("inputs", order.inputs);
  fields("precisions", order.precisions);
}

void describe(auto& fields, of<Bench> auto& order) {
  fields("model", order.model);
  fields("inputs", order.inputs);
  fields("precisions", order.precisions);
  fields("warmup", order.warmup, repetitions);
  fields("rounds", order.rounds, Range{1, repetitions.max});
}

void describe(auto& fields, of<Validate> auto& order) {
  fields("folder", order.folder);
  fields("precision", order.precision);
  fields("relative_tolerance", order.relative_tolerance, NotNegative{});
  fields("absolute_tolerance", order.absolute_tolerance, NotNegative{});
}

void describe(auto& fields, of<Plan> auto& order) {
  fields("model", order.model);
  fields("job", order.job);
  fields("memory_bytes_max", order.memory_bytes_max, Range{});
  fields("trials_max", order.trials_max, Range{1, base::limits::trials_together});
}

void describe(auto&, of<Examine> auto&) {}

void describe(auto&, of<Stop> auto&) {}

namespace {

constexpr std::array<std::string_view, std::variant_size_v<Order>> order_kinds{
    "inspect", "evaluate", "measure",  "export", "hash",
    "execute", "bench",    "validate", "plan",   "examine"};
constexpr std::string_view stop_kind = "stop";

}  // namespace

std::string encode(const Request& request) {
  if (std::holds_alternative<Stop>(request)) return base::json_text({{"kind", stop_kind}});
  return base::json_text(message_to_json(std::get<Order>(request), order_kinds));
}

Request parse_request(std::string_view text) {
  const nlohmann::json json = base::parse_json(text, "the request", base::limits::frame_bytes);
  FieldReader fields(json, "request");
  std::string kind;
  fields("kind", kind);
  if (kind != stop_kind) return message_from_json<Order>(json, "request", order_kinds);
  fields.finish();
  return Stop{};
}

}  // namespace ampd::protocol
