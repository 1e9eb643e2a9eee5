#include "evaluation/pass.hpp"

#include <algorithm>

#include "ampd/error.hpp"
#include "base/digest.hpp"
#include "engine/program.hpp"

namespace ampd::evaluation {
namespace {

std::string identity(const Precisions& precisions) {
  std::string text;
  for (const auto& [name, precision] : without_fp32(precisions)) {
    text += name + '\0' + std::string(to_string(precision)) + '\0';
  }
  return base::sha256(text);
}

const nlohmann::json* state_of(const nlohmann::json& members, const Precisions& precisions) {
  const std::string config = identity(precisions);
  const auto found = std::ranges::find_if(
      members, [&](const nlohmann::json& member) { return member.at("config") == config; });
  return found == members.end() ? nullptr : &*found;
}

}  // namespace

Pass::Pass(const job::Component& metric, const std::vector<Precisions>& configs) {
  for (const Precisions& precisions : configs)
    members.push_back({precisions, data::Metric(metric)});
}

std::optional<Pass> Pass::resumed(const job::Component& metric,
                                  const std::vector<Precisions>& configs,
                                  const nlohmann::json& state, std::int64_t batches) {
  try {
    Pass pass(metric, {});
    for (const Precisions& precisions : configs) {
      const nlohmann::json* member = state_of(state.at("members"), precisions);
      if (member == nullptr) break;
      pass.members.push_back(
          {precisions, data::Metric(metric), member->at("footprint_bytes").get<std::int64_t>()});
      pass.members.back().metric.restore(member->at("metric"));
      if (!member->contains("aborted_after")) continue;
      pass.members.back().aborted_after = member->at("aborted_after").get<std::int64_t>();
      pass.members.back().best_possible = member->at("best_possible").get<double>();
    }
    if (pass.members.empty()) {
      throw Error(ErrorCode::corrupt, "the checkpoint belongs to another config");
    }
    pass.batches_done = state.at("batches_done").get<std::int64_t>();
    pass.samples_done = state.at("samples_done").get<std::int64_t>();
    if (pass.batches_done < 0 || pass.batches_done > batches || pass.samples_done < 0) {
      throw Error(ErrorCode::corrupt, "the checkpoint is behind the end of the data");
    }
    if (state.at("fingerprint") != engine::fingerprint()) return std::nullopt;
    return pass;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::corrupt, std::string("the checkpoint is damaged: ") + error.what());
  }
}

nlohmann::json Pass::checkpoint() const {
  nlohmann::json states = nlohmann::json::array();
  for (const Member& member : members) {
    states.push_back({{"config", identity(member.precisions)},
                      {"footprint_bytes", member.footprint_bytes},
                      {"metric", member.metric.state()}});
    if (!member.aborted_after) continue;
    states.back()["aborted_after"] = *member.aborted_after;
    states.back()["best_possible"] = member.best_possible;
  }
  return {{"fingerprint", engine::fingerprint()},
          {"batches_done", batches_done},
          {"samples_done", samples_done},
          {"members", states}};
}

std::vector<std::size_t> Pass::live() const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!members[i].aborted_after) places.push_back(i);
  }
  return places;
}

}  // namespace ampd::evaluation
