#include "job/catalogue.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"
#include "data/dataset.hpp"
#include "data/metric.hpp"
#include "data/transform.hpp"

using ampd::job::Component;
using ampd::job::Entry;
using ampd::job::Kind;
using ampd::job::Parameter;
using ampd::job::Role;
using nlohmann::json;

namespace {

/// What a job file would give where there is no default.
json example(const Parameter& parameter) {
  switch (parameter.kind) {
    case Kind::boolean:
      return false;
    case Kind::integer:
      return std::max<std::int64_t>(1, static_cast<std::int64_t>(parameter.minimum));
    case Kind::number:
      return 1.0;
    case Kind::size:
      return {2, 2};
    case Kind::integers:
      return {0};
    case Kind::numbers:
      return {1.0};
    case Kind::texts:
      return json::array({"float32"});
    case Kind::shapes:
      return json::array({{1, 2}});
    case Kind::arrays:
      return {{"x", "/nowhere/x.npy"}};
    default:
      return parameter.choices.empty() ? "/nowhere/x.npy" : parameter.choices.front();
  }
}

Component component(const Entry& entry) {
  Component result{entry.name, json::object()};
  for (const Parameter& parameter : entry.parameters) {
    if (!parameter.standard.is_null()) {
      result.parameters[parameter.name] = parameter.standard;
    } else if (parameter.required || parameter.name == "input") {
      result.parameters[parameter.name] = example(parameter);
    }
  }
  return result;
}

/// Throws Error(unsupported) for a name that the data layer does not know.
void make(const Entry& entry) {
  const Component part = component(entry);
  switch (entry.role) {
    case Role::metric:
      ampd::data::Metric{part};
      break;
    case Role::dataset:
      ampd::data::make_dataset(part, 1);
      break;
    case Role::transform:
      ampd::data::make_transform(part);
      break;
    case Role::postprocess:
      ampd::data::postprocess({part}, ampd::tensor::Tensor(ampd::tensor::DType::i64, {1}));
      break;
  }
}

bool is_known(const Entry& entry) {
  try {
    make(entry);
  } catch (const ampd::Error& error) {
    return error.code() != ampd::ErrorCode::unsupported;
  }
  return true;
}

}  // namespace

TEST_CASE("everything that the catalogue offers can be made, and nothing else") {
  for (const Entry& entry : ampd::job::catalogue()) {
    CAPTURE(entry.name);
    CHECK(is_known(entry) == entry.is_offered());
  }
}
