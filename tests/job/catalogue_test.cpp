#include "job/catalogue.hpp"

#include <doctest/doctest.h>

#include <set>
#include <utility>

#include "job/document.hpp"
#include "job/parameter_value.hpp"

using namespace ampd::job;
using nlohmann::json;

namespace {

/// `value` as it would stand in a job file.
Node node_of(const json& value) {
  return parse_document(value.dump());
}

}  // namespace

TEST_CASE("names are found whatever their case and underscores") {
  CHECK(find(Role::metric, "TOPK")->name == "topk");
  CHECK(find(Role::metric, "accuracy")->name == "Accuracy");
  CHECK(find(Role::dataset, "dummyV2")->name == "dummy_v2");
  CHECK(find(Role::dataset, "cifar10")->name == "CIFAR10");
  CHECK(find(Role::transform, "center_crop")->name == "CenterCrop");
  CHECK(find(Role::postprocess, "LabelShift")->scalar == "label_shift");
  CHECK(find(Role::metric, "CIFAR10") == nullptr);
  CHECK(find(Role::metric, "") == nullptr);
}

TEST_CASE("each name is in the catalogue once and says what it does or what to do instead") {
  std::set<std::pair<Role, std::string>> names;
  for (const Entry& entry : catalogue()) {
    CAPTURE(entry.name);
    CHECK(find(entry.role, entry.name) == &entry);
    CHECK(names.emplace(entry.role, entry.name).second);
    CHECK(entry.meaning.empty() != entry.is_offered());
    CHECK((entry.scalar.empty() || entry.find(entry.scalar) != nullptr));
  }
}

TEST_CASE("each default is a value that a job file could give") {
  for (const Entry& entry : catalogue()) {
    for (const Parameter& parameter : entry.parameters) {
      CAPTURE(entry.name);
      CAPTURE(parameter.name);
      CHECK_FALSE((parameter.required && !parameter.standard.is_null()));
      CHECK_FALSE(parameter.meaning.empty());
      if (parameter.standard.is_null()) continue;
      CHECK(value_of(parameter, node_of(parameter.standard)) == parameter.standard);
    }
  }
}

TEST_CASE("a metric's needs follow its parameters") {
  CHECK(traits({"topk", {{"k", 1}}}) == MetricTraits{true, true, false});
  CHECK(traits({"Loss"}) == MetricTraits{false, true, false});
  CHECK(traits({"agreement"}) == MetricTraits{true, false, true});
  CHECK(traits({"sqnr"}) == MetricTraits{true, false, true});
  CHECK(traits({"MSE", {{"compare_label", true}}}) == MetricTraits{false, true, false});
  CHECK(traits({"RMSE", {{"compare_label", false}}}) == MetricTraits{false, false, true});
}

TEST_CASE("a dataset has labels unless it says otherwise") {
  CHECK(has_labels({"npy", {{"input", "x"}, {"label", "y"}}}));
  CHECK_FALSE(has_labels({"npy", {{"input", "x"}}}));
  CHECK(has_labels({"MNIST", {{"root", "r"}}}));
  CHECK(has_labels({"dummy", {{"label", true}}}));
  CHECK_FALSE(has_labels({"dummy", {{"label", false}}}));
  CHECK(has_labels({"dummy_v2", json::object()}));
}
