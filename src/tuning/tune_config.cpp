#include "ampd/tune_config.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"

namespace ampd {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& source, const std::string& complaint) {
  throw Error(ErrorCode::invalid, source + " " + complaint);
}

const json& ops_of(const json& file, const std::string& source) {
  const std::string expected = "; expected {\"ops\": {\"<op>\": \"<precision>\"}}";
  if (!file.is_object()) refuse(source, "is not a JSON object" + expected);
  for (const auto& [key, value] : file.items()) {
    if (key != "ops") refuse(source, "has the unknown key \"" + key + "\"" + expected);
  }
  if (!file.contains("ops")) refuse(source, "has no key \"ops\"" + expected);
  if (!file["ops"].is_object()) refuse(source, "has an \"ops\" that is no object" + expected);
  return file["ops"];
}

std::string list_of(const std::vector<Precision>& precisions) {
  std::string list;
  for (const Precision precision : precisions) {
    list += (list.empty() ? "" : ", ") + std::string(to_string(precision));
  }
  return list;
}

Precision precision_of(const TunableOp& op, const json& value, const std::string& source) {
  const std::string place = "gives the operator \"" + op.name + "\" ";
  const std::string remedy = "; it is offered in " + list_of(op.precisions);
  if (!value.is_string()) refuse(source, place + "a value that is no text" + remedy);
  const std::string word = value.get<std::string>();
  const std::optional<Precision> precision = parse_precision(word);
  if (!precision) refuse(source, place + "the unknown precision \"" + word + "\"" + remedy);
  if (*precision != Precision::fp32 &&
      std::find(op.precisions.begin(), op.precisions.end(), *precision) == op.precisions.end()) {
    refuse(source, place + "the precision " + word + ", which this machine lacks" + remedy);
  }
  return *precision;
}

}  // namespace

std::size_t TuneConfig::low_ops() const {
  const auto fp32 = std::count(precisions.begin(), precisions.end(), Precision::fp32);
  return precisions.size() - static_cast<std::size_t>(fp32);
}

TuneConfig fp32_config(const TuningSpace& space) {
  return {std::vector<Precision>(space.ops.size(), Precision::fp32)};
}

std::string digest(const TuningSpace& space, const TuneConfig& config) {
  AMPD_CHECK(config.precisions.size() == space.ops.size());
  base::Digest digest;
  for (std::size_t i = 0; i < space.ops.size(); ++i) {
    const std::string& name = space.ops[i].name;
    digest.add(std::to_string(name.size()) + ":" + name + "=");
    digest.add(std::string(to_string(config.precisions[i])) + ";");
  }
  return digest.finish();
}

std::string to_json(const TuningSpace& space, const TuneConfig& config) {
  AMPD_CHECK(config.precisions.size() == space.ops.size());
  nlohmann::ordered_json ops = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < space.ops.size(); ++i) {
    ops[space.ops[i].name] = to_string(config.precisions[i]);
  }
  try {
    return nlohmann::ordered_json{{"ops", std::move(ops)}}.dump(2) + "\n";
  } catch (const json::type_error&) {
    throw Error(ErrorCode::invalid,
                "the config cannot be written as JSON: an operator's name is not UTF-8; rename it "
                "in the model");
  }
}

TuneConfig config_from_json(const TuningSpace& space, const std::string& text,
                            const std::string& source) {
  std::map<std::string_view, std::size_t> index_of;
  for (std::size_t i = 0; i < space.ops.size(); ++i) index_of.emplace(space.ops[i].name, i);
  const json file = base::parse_json(text, source, base::limits::config_file_bytes);
  TuneConfig config = fp32_config(space);
  for (const auto& [name, value] : ops_of(file, source).items()) {
    const auto found = index_of.find(name);
    if (found == index_of.end()) {
      refuse(source, "names the operator \"" + name +
                         "\", which is not one that can be tuned in this model; \"ampctl inspect\" "
                         "lists those that can");
    }
    config.precisions[found->second] = precision_of(space.ops[found->second], value, source);
  }
  return config;
}

}  // namespace ampd
