// A language model and a classifier of recurrent layers as PyTorch exports them: against loops
// written out here, for sequences of any length and number, tuned and exported.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "evaluation/comparison.hpp"
#include "evaluation/export.hpp"
#include "evaluation/inspection.hpp"
#include "evaluation/job_inputs.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

namespace {

using Vector = std::vector<double>;
using Sequence = std::vector<Vector>;  // by step

bool has_bf16() {
  return engine::missing_feature(Precision::bf16).empty();
}

/// Between -scale and scale.
Tensor random(const Shape& shape, unsigned seed, double scale) {
  Tensor made = SmallModel::random(shape, seed);
  for (float& value : made.mutable_values<float>()) value *= static_cast<float>(scale);
  return made;
}

double at(const Tensor& tensor, std::size_t index) {
  return static_cast<double>(tensor.values<float>()[index]);
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

/// The weights of a layer, {directions, gates * hidden, ...} each.
struct Layer {
  std::size_t gates;
  std::size_t width;
  std::size_t hidden;
  Tensor w, r, b;

  Layer(std::size_t gate_count, std::size_t in, std::size_t out, std::int64_t directions,
        unsigned seed)
      : gates(gate_count), width(in), hidden(out) {
    const auto rows = static_cast<std::int64_t>(gates * hidden);
    const double scale = 1.5 / std::sqrt(static_cast<double>(hidden));
    w = random({directions, rows, static_cast<std::int64_t>(width)}, seed, scale);
    r = random({directions, rows, static_cast<std::int64_t>(hidden)}, seed + 1, scale);
    b = random({directions, 2 * rows}, seed + 2, 0.3);
  }

  double from_data(std::size_t direction, std::size_t row, const Vector& x) const {
    double sum = at(b, direction * 2 * gates * hidden + row);
    for (std::size_t i = 0; i < width; ++i) {
      sum += at(w, (direction * gates * hidden + row) * width + i) * x[i];
    }
    return sum;
  }
  double from_state(std::size_t direction, std::size_t row, const Vector& h) const {
    double sum = at(b, (direction * 2 + 1) * gates * hidden + row);
    for (std::size_t i = 0; i < hidden; ++i) {
      sum += at(r, (direction * gates * hidden + row) * hidden + i) * h[i];
    }
    return sum;
  }
  double sum(std::size_t direction, std::size_t row, const Vector& x, const Vector& h) const {
    return from_data(direction, row, x) + from_state(direction, row, h);
  }

  void store(OnnxBuilder& builder, const std::string& name) const {
    builder.constant(name + ".w", w);
    builder.constant(name + ".r", r);
    builder.constant(name + ".b", b);
  }
};

/// The states of a forward LSTM; `c` ends as its last memory.
Sequence lstm(const Layer& layer, const Sequence& x, Vector& c) {
  const std::size_t n = layer.hidden;
  Vector h(n, 0);
  c.assign(n, 0);
  Sequence states;
  for (const Vector& each : x) {
    Vector next(n);
    for (std::size_t k = 0; k < n; ++k) {
      const double input = sigmoid(layer.sum(0, k, each, h));
      const double output = sigmoid(layer.sum(0, n + k, each, h));
      const double forget = sigmoid(layer.sum(0, 2 * n + k, each, h));
      c[k] = forget * c[k] + input * std::tanh(layer.sum(0, 3 * n + k, each, h));
      next[k] = output * std::tanh(c[k]);
    }
    states.push_back(h = next);
  }
  return states;
}

/// The states of one direction of a GRU whose reset comes last, in the order of the steps.
Sequence gru(const Layer& layer, std::size_t direction, Sequence x) {
  const std::size_t n = layer.hidden;
  if (direction == 1) std::ranges::reverse(x);
  Vector h(n, 0);
  Sequence states;
  for (const Vector& each : x) {
    Vector next(n);
    for (std::size_t k = 0; k < n; ++k) {
      const double update = sigmoid(layer.sum(direction, k, each, h));
      const double reset = sigmoid(layer.sum(direction, n + k, each, h));
      const double candidate = std::tanh(layer.from_data(direction, 2 * n + k, each) +
                                         reset * layer.from_state(direction, 2 * n + k, h));
      next[k] = (1 - update) * candidate + update * h[k];
    }
    states.push_back(h = next);
  }
  if (direction == 1) std::ranges::reverse(states);
  return states;
}

/// {columns} = x * {inner, columns} + bias.
Vector dense(const Vector& x, const Tensor& weights, const Tensor& bias) {
  Vector result(static_cast<std::size_t>(bias.size()));
  for (std::size_t column = 0; column < result.size(); ++column) {
    result[column] = at(bias, column);
    for (std::size_t i = 0; i < x.size(); ++i) {
      result[column] += x[i] * at(weights, i * result.size() + column);
    }
  }
  return result;
}

/// Names for the two free extents of the first input.
void name_extents(OnnxBuilder& builder, const std::string& first, const std::string& second) {
  auto* shape = builder.model.mutable_graph()
                    ->mutable_input(0)
                    ->mutable_type()
                    ->mutable_tensor_type()
                    ->mutable_shape();
  shape->mutable_dim(0)->set_dim_param(first);
  shape->mutable_dim(1)->set_dim_param(second);
}

/// tokens {T, N} -> embedding -> LSTM -> LSTM -> MatMul, Add -> logits {T, N, words}; the initial
/// states are zeros of a computed shape.
class LanguageModel {
 public:
  static constexpr std::int64_t words = 31;
  static constexpr std::int64_t width = 12;
  static constexpr std::int64_t hidden = 24;

  OnnxBuilder model() const {
    OnnxBuilder builder(14);
    builder.input("tokens", DType::i64, {-1, -1});
    name_extents(builder, "T", "N");
    builder.constant("embedding", embedding_);
    builder.constant("zero", Tensor(DType::f32, {1, 1, 1}));
    builder.constant("second", Tensor::of<std::int64_t>({1}, {1}));
    builder.constant("one", Tensor::of<std::int64_t>({1}, {1}));
    builder.constant("hidden", Tensor::of<std::int64_t>({1}, {hidden}));
    builder.constant("decoder.w", decoder_);
    builder.constant("decoder.b", decoder_bias_);
    builder.node("Shape", {"tokens"}, {"shape"});
    builder.node("Gather", {"shape", "second"}, {"batch"});
    builder.node("Concat", {"one", "batch", "hidden"}, {"state_shape"},
                 {{"axis", std::int64_t{0}}});
    builder.node("Expand", {"zero", "state_shape"}, {"zeros"});
    builder.node("Gather", {"embedding", "tokens"}, {"x0"}, {}, "embed");
    for (const std::string number : {"1", "2"}) {
      const std::string before = number == "1" ? "0" : "1";
      (number == "1" ? first_ : second_).store(builder, "lstm" + number);
      const std::string name = "lstm" + number;
      builder.node("LSTM",
                   {"x" + before, name + ".w", name + ".r", name + ".b", "", "zeros", "zeros"},
                   {"y" + number, "h" + number, "c" + number}, {{"hidden_size", hidden}}, name);
      builder.node("Squeeze", {"y" + number, "one"}, {"x" + number});
    }
    builder.node("MatMul", {"x2", "decoder.w"}, {"product"}, {}, "decoder");
    builder.node("Add", {"product", "decoder.b"}, {"logits"});
    builder.output("logits");
    builder.output("c2");
    return builder;
  }

  static Tensor tokens(std::int64_t steps, std::int64_t batch) {
    Tensor result(DType::i64, {steps, batch});
    std::int64_t next = 3;
    for (std::int64_t& token : result.mutable_values<std::int64_t>()) {
      token = next = (next * 17 + 5) % words;
    }
    return result;
  }

  /// Logits and the second layer's last memory.
  std::vector<Tensor> expected(const Tensor& tokens) const {
    const std::int64_t steps = tokens.shape()[0];
    const std::int64_t batch = tokens.shape()[1];
    Tensor logits(DType::f32, {steps, batch, words});
    Tensor memory(DType::f32, {1, batch, hidden});
    for (std::int64_t entry = 0; entry < batch; ++entry) {
      Sequence x;
      for (std::int64_t t = 0; t < steps; ++t) {
        const auto token =
            tokens.values<std::int64_t>()[static_cast<std::size_t>(t * batch + entry)];
        const auto row =
            embedding_.values<float>().subspan(static_cast<std::size_t>(token * width), width);
        x.emplace_back(row.begin(), row.end());
      }
      Vector c;
      const Sequence states = lstm(second_, lstm(first_, x, c), c);
      std::ranges::copy(c, memory.mutable_values<float>().begin() + entry * hidden);
      for (std::int64_t t = 0; t < steps; ++t) {
        std::ranges::copy(dense(states[static_cast<std::size_t>(t)], decoder_, decoder_bias_),
                          logits.mutable_values<float>().begin() + (t * batch + entry) * words);
      }
    }
    return {logits, memory};
  }

 private:
  Tensor embedding_ = random({words, width}, 1, 1);
  Layer first_{4, width, hidden, 1, 10};
  Layer second_{4, hidden, hidden, 1, 20};
  Tensor decoder_ = random({hidden, words}, 2, 0.5);
  Tensor decoder_bias_ = random({words}, 3, 0.1);
};

/// x {N, T, width} -> GRU both ways -> mean over the steps, or the last states, which leaves the
/// states of the steps out -> Gemm -> classes {N, classes}.
class Classifier {
 public:
  explicit Classifier(bool by_last_states = false) : by_last_states_(by_last_states) {}

  static constexpr std::int64_t classes = 7;
  static constexpr std::int64_t width = 10;
  static constexpr std::int64_t hidden = 16;

  OnnxBuilder model() const {
    OnnxBuilder builder(14);
    builder.input("x", DType::f32, {-1, -1, width});
    name_extents(builder, "N", "T");
    layer_.store(builder, "gru");
    builder.constant("head.w", head_);
    builder.constant("head.b", head_bias_);
    builder.node("Transpose", {"x"}, {"steps"}, {{"perm", Integers{1, 0, 2}}});
    builder.node("GRU", {"steps", "gru.w", "gru.r", "gru.b"},
                 {by_last_states_ ? "" : "y", by_last_states_ ? "last" : ""},
                 {{"hidden_size", hidden},
                  {"direction", std::string("bidirectional")},
                  {"linear_before_reset", std::int64_t{1}}},
                 "gru");
    if (by_last_states_) {
      builder.constant("row", Tensor::of<std::int64_t>({2}, {0, -1}));
      builder.node("Transpose", {"last"}, {"turned"}, {{"perm", Integers{1, 0, 2}}});
      builder.node("Reshape", {"turned", "row"}, {"features"});
    } else {
      builder.constant("row", Tensor::of<std::int64_t>({3}, {0, 0, -1}));
      builder.node("Transpose", {"y"}, {"turned"}, {{"perm", Integers{0, 2, 1, 3}}});
      builder.node("Reshape", {"turned", "row"}, {"states"});
      builder.node("ReduceMean", {"states"}, {"features"},
                   {{"axes", Integers{0}}, {"keepdims", std::int64_t{0}}});
    }
    builder.node("Gemm", {"features", "head.w", "head.b"}, {"classes"}, {}, "head");
    builder.output("classes");
    return builder;
  }

  Tensor expected(const Tensor& x) const {
    const auto batch = static_cast<std::size_t>(x.shape()[0]);
    const auto steps = static_cast<std::size_t>(x.shape()[1]);
    Tensor result(DType::f32, {x.shape()[0], classes});
    for (std::size_t entry = 0; entry < batch; ++entry) {
      Sequence sequence;
      for (std::size_t t = 0; t < steps; ++t) {
        const auto row = x.values<float>().subspan((entry * steps + t) * width, width);
        sequence.emplace_back(row.begin(), row.end());
      }
      Vector features;
      for (const std::size_t direction : {0U, 1U}) {
        const Sequence states = gru(layer_, direction, sequence);
        for (std::size_t k = 0; k < hidden; ++k) {
          double sum = 0;
          for (const Vector& state : states) sum += state[k];
          const double last = (direction == 0 ? states.back() : states.front())[k];
          features.push_back(by_last_states_ ? last : sum / static_cast<double>(steps));
        }
      }
      std::ranges::copy(
          dense(features, head_, head_bias_),
          result.mutable_values<float>().begin() + static_cast<std::ptrdiff_t>(entry) * classes);
    }
    return result;
  }

 private:
  using Integers = std::vector<std::int64_t>;
  bool by_last_states_;
  Layer layer_{3, width, hidden, 2, 30};
  Tensor head_ = random({2 * hidden, classes}, 4, 0.5);
  Tensor head_bias_ = random({classes}, 5, 0.1);
};

void check(const std::vector<Tensor>& found, const std::vector<Tensor>& expected,
           const Tolerance& tolerance) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    CHECK(compare(found[k], expected[k], tolerance).complaint == "");
  }
}

constexpr Tolerance fp32_rounding{1e-5, 1e-5};
/// 8 bits, over a few layers, of numbers around one.
constexpr Tolerance bf16_rounding{0.0, 0.03};

std::vector<std::string> names(const TuningSpace& space) {
  std::vector<std::string> result;
  for (const auto& op : space.ops) result.push_back(op.name);
  return result;
}

}  // namespace

TEST_CASE("an LSTM language model agrees with its loops for sequences of any length and number") {
  const LanguageModel language;
  const auto model = model_of(language.model());
  for (const auto& [steps, batch] : {std::pair{1, 1}, {9, 4}, {5, 1}, {32, 3}}) {
    CAPTURE(steps);
    const Tensor tokens = LanguageModel::tokens(steps, batch);
    const Tensors inputs{{"tokens", tokens}};
    check(model->program(shapes_of(inputs), {})->run(inputs), language.expected(tokens),
          fp32_rounding);
    if (!has_bf16()) continue;
    const auto special = model->graph(shapes_of(inputs));
    check(model->program(shapes_of(inputs), all_in(*special, Precision::bf16))->run(inputs),
          language.expected(tokens), bf16_rounding);
  }
}

TEST_CASE("a classifier of GRUs in both directions agrees with its loops") {
  for (const bool by_last_states : {false, true}) {
    const Classifier classifier(by_last_states);
    const auto model = model_of(classifier.model());
    for (const auto& [batch, steps] : {std::pair{1, 1}, {4, 9}, {1, 5}, {3, 32}}) {
      CAPTURE(by_last_states);
      CAPTURE(steps);
      const Tensor x = SmallModel::random({batch, steps, Classifier::width}, 9);
      const Tensors inputs{{"x", x}};
      check(model->program(shapes_of(inputs), {})->run(inputs), {classifier.expected(x)},
            fp32_rounding);
      if (!has_bf16()) continue;
      const auto special = model->graph(shapes_of(inputs));
      check(model->program(shapes_of(inputs), all_in(*special, Precision::bf16))->run(inputs),
            {classifier.expected(x)}, bf16_rounding);
    }
  }
}

TEST_CASE("recurrent operators are tuned, and run in bf16 kernels where a config says so") {
  if (!has_bf16()) {
    MESSAGE("skipped: this processor has no bf16 kernels");
    return;
  }
  const auto language = model_of(LanguageModel().model());
  const Shapes shapes{{"tokens", {9, 4}}};
  CHECK(names(inspect(*language, Precision::bf16, shapes).space) ==
        std::vector<std::string>{"lstm1", "lstm2", "decoder"});
  const auto classifier = model_of(Classifier().model());
  CHECK(names(inspect(*classifier, Precision::bf16, {{"x", {4, 9, Classifier::width}}}).space) ==
        std::vector<std::string>{"gru", "head"});

  const auto program = language->program(shapes, {{"lstm2", Precision::bf16}});
  std::set<std::string> found;
  for (const engine::StepReport& step : program->steps()) {
    if (step.type != "LSTM") continue;
    if (!engine::is_emulated(Precision::bf16)) CHECK(step.implementation == "brgemm");
    CHECK(step.source_dtype == (step.op == "lstm2" ? DType::bf16 : DType::f32));
    CHECK(step.weights_dtype == step.source_dtype);
    found.insert(step.op);
  }
  CHECK(found == std::set<std::string>{"lstm1", "lstm2"});
  for (const engine::StepReport& step :
       classifier->program({{"x", {4, 9, Classifier::width}}}, {{"gru", Precision::bf16}})
           ->steps()) {
    if (step.type != "GRU") continue;
    if (!engine::is_emulated(Precision::bf16)) {
      CHECK(step.implementation == "brg:avx512_core_bf16");
    }
    CHECK(step.weights_dtype == DType::bf16);
  }
}

TEST_CASE("a sequence whose length the data decide is tuned and run as any other") {
  OnnxBuilder builder(14);
  builder.input("x", DType::f32, {9, 2, 6});
  builder.input("keeps", DType::boolean, {9});
  const Layer layer(4, 6, 8, 1, 40);
  layer.store(builder, "lstm");
  builder.node("Compress", {"x", "keeps"}, {"kept"}, {{"axis", std::int64_t{0}}});
  builder.node("LSTM", {"kept", "lstm.w", "lstm.r", "lstm.b"}, {"", "", "memory"},
               {{"hidden_size", std::int64_t{8}}}, "lstm");
  builder.output("memory");
  const auto model = model_of(builder);
  if (has_bf16()) {
    CHECK(names(inspect(*model, Precision::bf16).space) == std::vector<std::string>{"lstm"});
  }
  const Tensor x = SmallModel::random({9, 2, 6}, 7);
  Tensor expected(DType::f32, {1, 2, 8});
  for (const std::size_t entry : {0U, 1U}) {
    Sequence sequence;
    for (const std::size_t step : {1U, 4U, 5U, 8U}) {
      const auto row = x.values<float>().subspan((step * 2 + entry) * 6, 6);
      sequence.emplace_back(row.begin(), row.end());
    }
    Vector memory;
    lstm(layer, sequence, memory);
    std::ranges::copy(
        memory, expected.mutable_values<float>().begin() + static_cast<std::ptrdiff_t>(entry) * 8);
  }
  const Tensor keeps =
      Tensor::of<bool>({9}, {false, true, false, false, true, true, false, false, true});
  const Tensors inputs{{"x", x}, {"keeps", keeps}};
  check(model->program(shapes_of(inputs), {})->run(inputs), {expected}, fp32_rounding);
  if (!has_bf16()) return;
  const auto low = model->program(shapes_of(inputs), {{"lstm", Precision::bf16}});
  check(low->run(inputs), {expected}, bf16_rounding);
  CHECK(std::ranges::any_of(low->steps(), [](const engine::StepReport& step) {
    return step.type == "LSTM" && step.weights_dtype == DType::bf16;
  }));
}

TEST_CASE("an exported recurrent model gives the config's outputs, whichever operators are low") {
  const SmallModel small;
  for (const auto& [builder, operators] :
       {std::pair{LanguageModel().model(), std::vector<std::string>{"lstm1", "lstm2", "decoder"}},
        std::pair{Classifier().model(), std::vector<std::string>{"gru", "head"}},
        std::pair{Classifier(true).model(), std::vector<std::string>{"gru", "head"}}}) {
    base::write_file(small.path("recurrent.onnx"), builder.bytes());
    Model model(small.source("recurrent.onnx"));
    job::Job job = small.job("topk: 1");
    job.evaluation = job::CommandEvaluation{{"./score.sh"}, 0};
    const JobInputs inputs(model, job);
    for (unsigned choice = 0; choice < 1U << operators.size(); ++choice) {
      CAPTURE(choice);
      Precisions precisions;
      for (std::size_t i = 0; i < operators.size(); ++i) {
        if ((choice >> i & 1U) != 0) precisions[operators[i]] = Precision::bf16;
      }
      if (!precisions.empty() && !has_bf16()) break;
      CHECK(export_model(model, precisions, inputs)->samples_compared == inputs.batch_count());
    }
  }
}
