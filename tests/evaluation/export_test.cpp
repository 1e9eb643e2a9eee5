#include "evaluation/export.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "ampd/error.hpp"
#include "evaluation/job_inputs.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;

namespace {

using Integers = std::vector<std::int64_t>;

/// A block of a transformer as exporters write it, all in parts.
class Transformer : public OnnxBuilder {
 public:
  static inline const std::vector<std::string> products{"qkv",     "scores", "values",
                                                        "project", "up",     "down"};

  Transformer() : OnnxBuilder(13) {
    input("x", DType::f32, {-1, 6, 16});
    const std::string heads = reshape(dense("qkv", normalized("x"), 16, 48), {0, 6, 3, 2, 8});
    const std::string turned = transpose(heads, {2, 0, 3, 1, 4});
    node("Split", {turned}, {"qs", "ks", "vs"}, {{"axis", std::int64_t{0}}});
    const Integers first{0};
    for (const std::string part : {"q", "k", "v"}) {
      node("Squeeze", {part + "s", integers(first)}, {part});
    }
    const std::string scores = make("MatMul", {"q", transpose("k", {0, 1, 3, 2})}, "scores");
    const std::string masked = make("Add", {make("Div", {scores, number(2.5F)}), weights({6, 6})});
    const std::string joined = make("MatMul", {make("Softmax", {masked}), "v"}, "values");
    const std::string rows = reshape(transpose(joined, {0, 2, 1, 3}), {0, 6, 16});
    const std::string x = make("Add", {"x", dense("project", rows, 16, 16)});
    const std::string wide = gelu(dense("up", normalized(x), 16, 64));
    output(make("Add", {x, dense("down", wide, 64, 16)}));
  }

 private:
  std::string make(const std::string& op_type, const std::vector<std::string>& inputs,
                   const std::string& name = "", const AttributeList& attributes = {}) {
    const std::string result = "v" + std::to_string(model.graph().node_size());
    node(op_type, inputs, {result}, attributes, name);
    return result;
  }
  std::string store(const Tensor& value) {
    const std::string name = "c" + std::to_string(model.graph().initializer_size());
    constant(name, value);
    return name;
  }
  std::string number(float value) { return store(Tensor::of<float>({}, {value})); }
  std::string integers(const Integers& list) {
    return store(Tensor::of<std::int64_t>({std::ssize(list)}, list));
  }
  std::string weights(const Shape& shape) {
    return store(
        SmallModel::random(shape, static_cast<unsigned>(model.graph().initializer_size())));
  }
  std::string dense(const std::string& name, const std::string& x, std::int64_t from,
                    std::int64_t to) {
    return make("Add", {make("MatMul", {x, weights({from, to})}, name), weights({to})});
  }
  std::string reshape(const std::string& x, const Integers& shape) {
    return make("Reshape", {x, integers(shape)});
  }
  std::string transpose(const std::string& x, const Integers& perm) {
    return make("Transpose", {x}, "", {{"perm", perm}});
  }
  std::string mean(const std::string& x) {
    return make("ReduceMean", {x}, "", {{"axes", Integers{-1}}});
  }
  std::string normalized(const std::string& x) {
    const std::string difference = make("Sub", {x, mean(x)});
    const std::string variance = mean(make("Pow", {difference, number(2)}));
    const std::string deviation = make("Sqrt", {make("Add", {variance, number(1e-5F)})});
    const std::string scaled = make("Mul", {make("Div", {difference, deviation}), weights({16})});
    return make("Add", {scaled, weights({16})});
  }
  std::string gelu(const std::string& x) {
    const std::string erf = make("Erf", {make("Div", {x, number(1.41421356F)})});
    return make("Mul", {make("Mul", {x, make("Add", {erf, number(1)})}), number(0.5F)});
  }
};

}  // namespace

TEST_CASE("an exported transformer gives the config's outputs, whichever products are low") {
  const SmallModel small;
  base::write_file(small.path("transformer.onnx"), Transformer().bytes());
  Model model(small.source("transformer.onnx"));
  const auto special = model.graph({});
  CHECK(special->graph.find_node("scores") != nullptr);
  CHECK(std::ranges::count(special->graph.nodes, "MaskedSoftmax", &graph::Node::op_type) == 1);
  CHECK(std::ranges::count(special->graph.nodes, "LayerNormalization", &graph::Node::op_type) == 2);
  job::Job job = small.job("topk: 1");
  job.evaluation = job::CommandEvaluation{{"./score.sh"}, 0};
  const JobInputs inputs(model, job);
  for (unsigned choice = 0; choice < 1U << Transformer::products.size(); ++choice) {
    CAPTURE(choice);
    Precisions precisions;
    for (std::size_t i = 0; i < Transformer::products.size(); ++i) {
      if ((choice >> i & 1U) != 0) precisions[Transformer::products[i]] = Precision::bf16;
    }
    if (!precisions.empty() && !engine::missing_feature(Precision::bf16).empty()) return;
    CHECK(export_model(model, precisions, inputs)->samples_compared == inputs.batch_count());
  }
}

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
