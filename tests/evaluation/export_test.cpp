#include "evaluation/export.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"
#include "evaluation/job_inputs.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;

TEST_CASE("an exported model gives the config's outputs on all of the job's samples") {
  const SmallModel small;
  const auto model = small.load();
  const JobInputs inputs(*model, small.job("topk: 1"));
  for (const Precisions& precisions :
       {Precisions{}, both_low, Precisions{{"fc", Precision::bf16}}}) {
    const auto exported = export_model(*model, precisions, inputs);
    REQUIRE(exported.has_value());
    CHECK(exported->samples_compared == SmallModel::samples);
    Model written(exported->bytes, {{}, {}, "written.onnx"});
    CHECK(output_names(written.imported()) == std::vector<std::string>{"y"});
  }
}

TEST_CASE("a job without data is compared on made-up inputs") {
  const SmallModel small;
  const auto model = small.load();
  job::Job job = small.job("topk: 1");
  job.evaluation = job::CommandEvaluation{{"./score.sh"}, 0};
  const JobInputs inputs(*model, job);
  CHECK(export_model(*model, both_low, inputs)->samples_compared == inputs.batch_count());
}

TEST_CASE("an export can be stopped") {
  const SmallModel small;
  const auto model = small.load();
  const JobInputs inputs(*model, small.job("topk: 1"));
  Observer observer;
  observer.is_stopping = [] { return true; };
  CHECK(!export_model(*model, both_low, inputs, observer));
}
