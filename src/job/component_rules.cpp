#include "job/component_rules.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "job/key.hpp"

namespace ampd::job {
namespace {

using nlohmann::json;

struct Context {
  Report& report;
  const std::string& key;
  Place place;

  void invalid(const std::string& name, const std::string& message) const {
    report.error(ProblemCode::invalid, place, join(key, name), join(key, name) + " " + message);
  }
  void missing(const std::string& name, const std::string& message) const {
    report.error(ProblemCode::missing, place, join(key, name),
                 join(key, name) + " is missing: " + message);
  }
};

void check_npy(const Context& context, json& parameters) {
  const bool has_input = parameters.contains("input");
  const bool has_inputs = parameters.contains("inputs");
  if (has_input && has_inputs) {
    context.invalid("inputs", "and input exclude each other");
  } else if (!has_input && !has_inputs) {
    context.missing("input", "the samples");
  }
}

/// Spreads `low`, `high` and `dtype` over `count` tensors.
void check_dummy(const Context& context, json& parameters, std::size_t count) {
  for (const std::string name : {"low", "high", "dtype"}) {
    json& values = parameters[name];
    if (values.size() == 1) values = json(std::vector<json>(count, values.front()));
    if (values.size() != count) {
      context.invalid(name, "must have one value or " + std::to_string(count) + ", not " +
                                std::to_string(values.size()));
      return;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (parameters["low"][i] > parameters["high"][i]) {
      context.invalid("low", "must not be above high");
    }
  }
}

void check_first_axes(const Context& context, const json& shapes) {
  for (const json& shape : shapes) {
    if (shape.front() != shapes.front().front()) {
      context.invalid("shape", "must begin with the same count of samples for every input");
      return;
    }
  }
}

/// Lists of one number per channel: lengths are equal, or one.
void check_channels(const Context& context, const json& parameters, const std::string& first,
                    const std::string& second) {
  const std::size_t a = parameters[first].size();
  const std::size_t b = parameters[second].size();
  if (a != b && a != 1 && b != 1) {
    context.invalid(
        second, "has " + std::to_string(b) + " values, but " + first + " has " + std::to_string(a));
  }
}

void check_normalize(const Context& context, json& parameters) {
  check_channels(context, parameters, "mean", "std");
  if (!parameters.contains("rescale")) return;
  const json& rescale = parameters["rescale"];
  if (rescale.size() != 2 || rescale.front() == 0.0) {
    context.invalid("rescale", "must be two numbers, the first not 0");
  }
}

void check_transpose(const Context& context, json& parameters) {
  std::vector<std::int64_t> axes = parameters["perm"];
  std::ranges::sort(axes);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != static_cast<std::int64_t>(i)) {
      context.invalid("perm",
                      "must hold each of 0 to " + std::to_string(axes.size() - 1) + " once");
      return;
    }
  }
}

void check_square(const Context& context, json& parameters) {
  if (parameters["size"][0] != parameters["size"][1]) {
    context.invalid("size", "must be a square");
  }
}

void check_dummy_v1(const Context& context, json& parameters) {
  check_first_axes(context, parameters["shape"]);
  check_dummy(context, parameters, parameters["shape"].size());
}

void check_dummy_v2(const Context& context, json& parameters) {
  check_dummy(context, parameters,
              parameters["input_shape"].size() + parameters["label_shape"].size());
}

void check_imagenet(const Context& context, json& parameters) {
  check_channels(context, parameters, "mean_value", "std_value");
  const json& side = parameters["resize_side"];
  if (parameters["height"] > side || parameters["width"] > side) {
    context.invalid("resize_side", "must not be below height and width");
  }
}

using Rule = void (*)(const Context&, json&);

constexpr std::array<std::pair<std::string_view, Rule>, 7> rules{{
    {"npy", check_npy},
    {"dummy", check_dummy_v1},
    {"dummy_v2", check_dummy_v2},
    {"Normalize", check_normalize},
    {"Transpose", check_transpose},
    {"PaddedCenterCrop", check_square},
    {"ResizeCropImagenet", check_imagenet},
}};

}  // namespace

void check_rules(Report& report, const std::string& key, Place place, Component& component) {
  const auto rule =
      std::ranges::find(rules, component.name, &std::pair<std::string_view, Rule>::first);
  if (rule != rules.end()) rule->second({report, key, place}, component.parameters);
}

}  // namespace ampd::job
