#include "ampd/dicts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "ampd/error.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"

namespace ampd {
namespace {

using nlohmann::json;

/// An object of the text, whose fields are read strictly and complained about by their place.
class Fields {
 public:
  Fields(const json& object, std::string place) : object_(object), place_(std::move(place)) {
    if (!object_.is_object()) refuse("is not an object");
  }

  /// Nothing but these may stand in the object.
  void expect(std::initializer_list<std::string_view> names) const {
    for (const auto& [key, value] : object_.items()) {
      if (std::find(names.begin(), names.end(), key) == names.end()) {
        refuse("has the unknown field \"" + key + "\"");
      }
    }
  }

  const json& at(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end()) refuse("lacks the field \"" + std::string(name) + "\"");
    return *found;
  }

  std::string text(const char* name) const {
    if (!at(name).is_string()) refuse("has a \"" + std::string(name) + "\" that is no text");
    return at(name).get<std::string>();
  }

  std::int64_t integer(const char* name) const {
    const json& value = at(name);
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() ||
                       value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max());
    if (!fits || value.get<std::int64_t>() < 0) {
      refuse("has a \"" + std::string(name) + "\" that is no count");
    }
    return value.get<std::int64_t>();
  }

  std::optional<std::int64_t> optional_integer(const char* name) const {
    if (!object_.contains(name)) return std::nullopt;
    return integer(name);
  }

  double real(const char* name) const {
    return base::real_from_json(at(name), place_ + ", " + name);
  }

  [[noreturn]] void refuse(const std::string& complaint) const {
    throw Error(ErrorCode::invalid, place_ + " " + complaint);
  }

 private:
  const json& object_;
  std::string place_;
};

json trial_to_json(const Dicts::Trial& trial) {
  const Outcome& outcome = trial.outcome;
  json object{{"config_digest", trial.config_digest},
              {"state", to_string(outcome.state)},
              {"seconds", base::real_to_json(outcome.seconds)}};
  if (outcome.state == TrialState::done) object["accuracy"] = base::real_to_json(outcome.accuracy);
  if (outcome.state != TrialState::done) object["reason"] = outcome.reason;
  if (outcome.latency_ns) object["latency_ns"] = *outcome.latency_ns;
  if (outcome.speedup) {
    const Speedup& speedup = *outcome.speedup;
    object["speedup"] = base::real_to_json(speedup.median);
    object["speedup_low"] = base::real_to_json(speedup.low);
    object["speedup_high"] = base::real_to_json(speedup.high);
  }
  if (outcome.model_bytes) object["model_bytes"] = *outcome.model_bytes;
  if (outcome.footprint_bytes) object["footprint_bytes"] = *outcome.footprint_bytes;
  return object;
}

Dicts::Trial trial_from_json(const json& object, const std::string& place) {
  const Fields fields(object, place);
  fields.expect({"config_digest", "state", "seconds", "accuracy", "reason", "latency_ns", "speedup",
                 "speedup_low", "speedup_high", "model_bytes", "footprint_bytes"});
  Dicts::Trial trial;
  trial.config_digest = fields.text("config_digest");
  const std::optional<TrialState> state = parse_trial_state(fields.text("state"));
  if (!state) fields.refuse("has the unknown state \"" + fields.text("state") + "\"");
  trial.outcome.state = *state;
  if (*state == TrialState::done) trial.outcome.accuracy = fields.real("accuracy");
  if (*state != TrialState::done) trial.outcome.reason = fields.text("reason");
  trial.outcome.seconds = fields.real("seconds");
  trial.outcome.latency_ns = fields.optional_integer("latency_ns");
  if (object.contains("speedup")) {
    trial.outcome.speedup =
        Speedup{fields.real("speedup"), fields.real("speedup_low"), fields.real("speedup_high")};
  }
  trial.outcome.model_bytes = fields.optional_integer("model_bytes");
  trial.outcome.footprint_bytes = fields.optional_integer("footprint_bytes");
  if (std::isnan(trial.outcome.accuracy)) fields.refuse("has no accuracy");
  if (!(trial.outcome.seconds >= 0)) fields.refuse("took negative seconds");
  return trial;
}

}  // namespace

std::string to_json(const Dicts& dicts) {
  json trials = json::array();
  for (const Dicts::Trial& trial : dicts.trials) trials.push_back(trial_to_json(trial));
  const json object{{"strategy_version", dicts.strategy_version},
                    {"space_digest", dicts.space_digest},
                    {"model_digest", dicts.model_digest},
                    {"fingerprint", dicts.fingerprint},
                    {"trials", std::move(trials)}};
  return object.dump(2) + "\n";
}

Dicts dicts_from_json(const std::string& text, const std::string& source) {
  const json object = base::parse_json(text, source, base::limits::dicts_bytes);
  const Fields fields(object, source);
  fields.expect({"strategy_version", "space_digest", "model_digest", "fingerprint", "trials"});
  Dicts dicts;
  const std::int64_t version = fields.integer("strategy_version");
  if (version > std::numeric_limits<int>::max()) fields.refuse("is of an unknown version");
  dicts.strategy_version = static_cast<int>(version);
  dicts.space_digest = fields.text("space_digest");
  dicts.model_digest = fields.text("model_digest");
  dicts.fingerprint = fields.text("fingerprint");
  const json& trials = fields.at("trials");
  if (!trials.is_array()) fields.refuse("has \"trials\" that are no list");
  for (std::size_t i = 0; i < trials.size(); ++i) {
    dicts.trials.push_back(trial_from_json(trials[i], source + ", trial " + std::to_string(i)));
  }
  return dicts;
}

}  // namespace ampd
