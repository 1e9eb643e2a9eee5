#include "protocol/order_paths.hpp"

#include <doctest/doctest.h>

using namespace ampd::protocol;
using Paths = std::set<std::filesystem::path>;

namespace {

const ModelReference model{"/state/blobs/12ab", "/home/u", "net.onnx"};

ampd::job::Job job_on_arrays() {
  ampd::job::Job job;
  ampd::job::MetricEvaluation evaluation;
  evaluation.dataloader.dataset = {"npy", {{"input", "/data/x.npy"}, {"label", "/data/y.npy"}}};
  job.evaluation = evaluation;
  return job;
}

}  // namespace

TEST_CASE("an order names its model, where external data may lie, its inputs and its data") {
  const ampd::job::Job job = job_on_arrays();
  const Inputs inputs{{{"x", "/tmp/x.npy"}}, {}};
  const Paths of_model{"/state/blobs/12ab", "/home/u"};
  Paths of_job = of_model;
  of_job.insert({"/data/x.npy", "/data/y.npy"});
  Paths of_inputs = of_model;
  of_inputs.insert("/tmp/x.npy");

  CHECK(paths_of(Inspect{model, {}, {}, job}) == of_job);
  CHECK(paths_of(Inspect{model, {}, inputs, {}}) == of_inputs);
  CHECK(paths_of(Evaluate{model, job, {{}}}) == of_job);
  CHECK(paths_of(Measure{model, job, {}}) == of_job);
  CHECK(paths_of(Export{model, job, {}, "bf16"}) == of_job);
  CHECK(paths_of(Plan{model, job}) == of_job);
  CHECK(paths_of(Execute{model, inputs}) == of_inputs);
  CHECK(paths_of(Bench{model, inputs}) == of_inputs);
  CHECK(paths_of(Hash{{"/a", "/b c"}}) == Paths{"/a", "/b c"});
  CHECK(paths_of(Examine{}).empty());
}

TEST_CASE("a conformance case is read with its neighbours, by whatever path it is named") {
  CHECK(paths_of(Validate{"/cases/test_add"}) == Paths{"/cases"});
  CHECK(paths_of(Validate{"test_add"}) == Paths{std::filesystem::current_path()});
}
