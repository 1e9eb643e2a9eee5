// Each pass on small models: what is left of them, and that the results stay.
#include "graph/passes.hpp"

#include "ampd/error.hpp"
#include "pass_check.hpp"

using namespace ampd;
using graph::Graph;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

TEST_CASE("constants: Constant, Identity, Dropout and needless Cast nodes go") {
  Net net;
  net.input("x", DType::f32, {2, 3});
  const std::string c = net.add("Constant", {}, {{"value_float", 2.0F}});
  const std::string a = net.add("Identity", {"x"});
  const std::string b = net.add("Dropout", {net.add("Mul", {a, c})});
  net.output(net.add("Exp", {net.add("Cast", {b}, {{"to", std::int64_t{1}}})}));
  check(net, "Mul Exp");
}

TEST_CASE("constants: an Identity before an output leaves the output's name") {
  Net net;
  net.input("x", DType::f32, {2, 3});
  net.output(net.add("Identity", {net.add("Exp", {"x"})}));
  const Graph graph = check(net, "Exp");
  CHECK(graph.value(graph.nodes[0].outputs[0]).name == "v1");
}

TEST_CASE("constants: an Identity between an input and an output stays") {
  Net net;
  net.input("x", DType::f32, {2, 3});
  net.output(net.add("Identity", {"x"}));
  check(net, "Identity");
}

TEST_CASE("fold_constants: shape arithmetic becomes the shape") {
  Net net;
  net.input("x", DType::f32, {-1, 4, 6});
  const std::string shape = net.add("Shape", {"x"});
  const std::string batch = net.add("Gather", {shape, net.integers({0})});
  const std::string target =
      net.add("Concat", {batch, net.integers({-1})}, {{"axis", std::int64_t{0}}});
  net.output(net.add("Reshape", {"x", target}));
  const Graph graph = check(net, "Reshape");
  CHECK(graph.value(graph.outputs[0]).shape == Shape{1, 24});
}

TEST_CASE("fold_constants: a small file cannot fill the memory") {
  Net net;
  net.input("x", DType::f32, {1});
  const std::string huge = net.integers({1 << 20, 1 << 12});
  net.output(net.add("Shape", {net.add("ConstantOfShape", {huge})}), DType::i64);
  net.output(net.add("Exp", {"x"}));
  const Graph graph = graph::specialise(net.import(), {}, engine::evaluate_plain);
  CHECK(summary(graph) == "Exp");  // the shape is known without the 16 GiB
}

TEST_CASE("gemm: transposes, factors and a bias of any form become one plain form") {
  for (const int transposed : {0, 1}) {
    Net net;
    net.input("x", DType::f32, transposed != 0 ? Shape{3, 2} : Shape{2, 3});
    const std::string weights = net.noise(transposed != 0 ? Shape{4, 3} : Shape{3, 4});
    net.output(net.add("Gemm", {"x", weights, net.noise({1, 4})},
                       {{"transA", std::int64_t{transposed}},
                        {"transB", std::int64_t{transposed}},
                        {"alpha", 0.5F},
                        {"beta", 2.0F}}));
    const Graph graph = check(net, transposed != 0 ? "Transpose Gemm" : "Gemm");
    CHECK(graph.nodes.back().attributes.all().empty());
    CHECK(graph.value(graph.nodes.back().inputs[1]).shape == Shape{3, 4});
    CHECK(graph.value(graph.nodes.back().inputs[2]).shape == Shape{4});
  }
}

TEST_CASE("gemm: what is added per element or computed is added apart") {
  Net net;
  net.input("x", DType::f32, {2, 3});
  net.input("z", DType::f32, {1, 4});
  net.output(net.add("Gemm", {"x", net.noise({3, 4}), "z"}, {{"beta", 3.0F}}));
  net.output(net.add("Gemm", {"x", net.noise({3, 4}), net.noise({2, 4})}));
  check(net, "Mul Gemm Add Gemm Add");
}

TEST_CASE("gemm: factors of computed matrices are applied to the data") {
  Net net;
  net.input("x", DType::f32, {2, 3});
  net.input("y", DType::f32, {4, 3});
  net.output(net.add("Gemm", {"x", "y"}, {{"transB", std::int64_t{1}}, {"alpha", 0.25F}}));
  check(net, "Transpose Mul Gemm");
}

TEST_CASE("gemm: an Add per column becomes the bias that is missing") {
  Net net;
  net.input("x", DType::f32, {2, 3});
  net.output(net.add("Add", {net.noise({4}), net.add("Gemm", {"x", net.noise({3, 4})})}));
  CHECK(check(net, "Gemm").nodes[0].absorbed == std::vector<std::string>{"Add_1"});
}

TEST_CASE("channel_scales: normalization, scale and shift go into the weights") {
  for (const bool has_bias : {false, true}) {
    Net net;
    net.input("x", DType::f32, {2, 4, 5, 5});
    std::vector<std::string> inputs{"x", net.noise({6, 2, 3, 3})};
    if (has_bias) inputs.push_back(net.noise({6}));
    const std::string conv = net.add("Conv", inputs, {{"group", std::int64_t{2}}});
    const std::string normal =
        net.add("BatchNormalization",
                {conv, net.noise({6}), net.noise({6}), net.noise({6}), net.noise({6}, 0.5F)},
                {{"epsilon", 0.01F}});
    const std::string scaled = net.add("Mul", {net.noise({6, 1, 1}), normal});
    const std::string shifted = net.add("Add", {scaled, net.noise({1, 6, 1, 1})});
    const std::string divided = net.add("Div", {shifted, net.noise({1}, 0.5F)});
    net.output(net.add("Sub", {divided, net.noise({6, 1, 1})}));
    CHECK(check(net, "Conv").nodes[0].absorbed.size() == 5);
  }
}

TEST_CASE("channel_scales: a grouped transposed convolution and a Gemm take in theirs") {
  Net net;
  net.input("x", DType::f32, {1, 4, 3, 3});
  net.input("y", DType::f32, {2, 3});
  const std::string spread =
      net.add("ConvTranspose", {"x", net.noise({4, 3, 2, 2})}, {{"group", std::int64_t{2}}});
  net.output(net.add("Mul", {spread, net.noise({6, 1, 1})}));
  const std::string product = net.add("Gemm", {"y", net.noise({3, 5})});
  net.output(net.add("BatchNormalization", {product, net.noise({5}), net.noise({5}), net.noise({5}),
                                            net.noise({5}, 0.5F)}));
  check(net, "ConvTranspose Gemm");
}

TEST_CASE("channel_scales: without a convolution the normalization takes in what follows") {
  Net net;
  net.input("x", DType::f32, {2, 3, 4});
  const std::string normal = net.add("BatchNormalization", {"x", net.noise({3}), net.noise({3}),
                                                            net.noise({3}), net.noise({3}, 0.5F)});
  net.output(net.add("Add", {net.add("Mul", {normal, net.noise({3, 1})}), net.noise({3, 1})}));
  check(net, "BatchNormalization");
}

TEST_CASE("channel_scales: what others read, or what varies beside the channels, stays") {
  Net net;
  net.input("x", DType::f32, {1, 2, 3, 3});
  const std::string conv = net.add("Conv", {"x", net.noise({2, 2, 1, 1})});
  net.output(net.add("Mul", {conv, net.noise({2, 1, 1})}));
  net.output(conv);
  const std::string other = net.add("Conv", {"x", net.noise({1, 2, 1, 1})});
  net.output(net.add("Mul", {other, net.noise({4, 1, 1})}));  // broadcasts to more channels
  const std::string third = net.add("Conv", {"x", net.noise({2, 2, 1, 1})});
  net.output(net.add("Mul", {third, net.noise({3, 3})}));
  check(net, "Conv Mul Conv Mul Conv Mul");
}

TEST_CASE("channel_scales: weights that two convolutions share keep their value for the other") {
  Net net;
  net.input("x", DType::f32, {1, 2, 3, 3});
  const std::string weights = net.noise({2, 2, 1, 1});
  net.output(net.add("Mul", {net.add("Conv", {"x", weights}), net.noise({2, 1, 1})}));
  net.output(net.add("Conv", {"x", weights}));
  check(net, "Conv Conv");
}

TEST_CASE("pads: zero padding becomes the window's own") {
  Net net;
  net.input("x", DType::f32, {1, 2, 5, 5});
  const std::string a = net.add("Pad", {"x", net.integers({0, 0, 1, 2, 0, 0, 0, 1})});
  net.output(net.add("Conv", {a, net.noise({2, 2, 3, 3})},
                     {{"pads", std::vector<std::int64_t>{1, 0, 0, 0}}}));
  const std::string b = net.add("Pad", {"x", net.integers({0, 0, 1, 1, 0, 0, 1, 1})});
  net.output(net.add("AveragePool", {b}, {{"kernel_shape", std::vector<std::int64_t>{3, 3}}}));
  const Graph graph = check(net, "Conv AveragePool");
  CHECK(graph.nodes[0].attributes.integers("pads") == std::vector<std::int64_t>{2, 2, 0, 1});
}

TEST_CASE("pads: padding with another number, or before a maximum, stays") {
  Net net;
  net.input("x", DType::f32, {1, 2, 5, 5});
  const std::string pads = net.integers({0, 0, 1, 1, 0, 0, 1, 1});
  net.output(
      net.add("Conv", {net.add("Pad", {"x", pads, net.noise({})}), net.noise({2, 2, 3, 3})}));
  net.output(net.add("MaxPool", {net.add("Pad", {"x", pads})},
                     {{"kernel_shape", std::vector<std::int64_t>{3, 3}}}));
  check(net, "Pad Conv Pad MaxPool");
}

TEST_CASE("global_pools: a mean over all spatial axes is a global pool") {
  for (const std::int64_t keepdims : {0, 1}) {
    Net net;
    net.input("x", DType::f32, {2, 3, 4, 5});
    net.output(net.add("ReduceMean", {"x"},
                       {{"axes", std::vector<std::int64_t>{-1, 2}}, {"keepdims", keepdims}}));
    net.output(net.add("ReduceMean", {"x"}, {{"axes", std::vector<std::int64_t>{1, 2}}}));
    check(net,
          keepdims != 0 ? "GlobalAveragePool ReduceMean" : "GlobalAveragePool Flatten ReduceMean");
  }
}

TEST_CASE("post_ops: activations with their parameters join the node before") {
  Net net;
  net.input("x", DType::f32, {1, 2, 3, 3});
  const auto conv = [&net] { return net.add("Conv", {"x", net.noise({2, 2, 1, 1})}); };
  net.output(net.add("Relu", {conv()}));
  net.output(net.add("LeakyRelu", {conv()}, {{"alpha", 0.3F}}));
  net.output(net.add("Elu", {conv()}, {{"alpha", 0.7F}}));
  net.output(net.add("Tanh", {net.add("Sigmoid", {conv()})}));
  net.constant("low", Tensor::of<float>({}, {-0.5F}));
  net.constant("high", Tensor::of<float>({}, {0.5F}));
  net.constant("zero", Tensor::of<float>({}, {0}));
  net.output(net.add("Clip", {conv(), "low", "high"}));
  net.output(net.add("Clip", {net.add("Relu", {conv()}), "zero", "high"}));
  check(net, "Conv[Relu] Conv[LeakyRelu] Conv[Elu] Conv[Sigmoid Tanh] Conv[Clip] Conv[Clip]");
}

TEST_CASE("post_ops: a normalization takes an activation, but no residual") {
  Net net;
  net.input("x", DType::f32, {1, 2, 3, 3});
  const auto normal = [&net] {
    return net.add("BatchNormalization",
                   {"x", net.noise({2}), net.noise({2}), net.noise({2}), net.noise({2}, 0.5F)});
  };
  net.output(net.add("Relu", {normal()}));
  net.output(net.add("Add", {normal(), "x"}));
  check(net, "BatchNormalization[Relu] BatchNormalization Add");
}

TEST_CASE("post_ops: the later side of a residual Add takes it, then the activation") {
  Net net;
  net.input("x", DType::f32, {1, 2, 3, 3});
  const std::string a = net.add("Relu", {net.add("Conv", {"x", net.noise({2, 2, 1, 1})})});
  const std::string b = net.add("Conv", {a, net.noise({2, 2, 1, 1})});
  const std::string c = net.add("Conv", {"x", net.noise({2, 2, 1, 1})});
  net.output(net.add("Relu", {net.add("Add", {b, c})}));
  const Graph graph = check(net, "Conv[Relu] Conv Conv[sum Relu]");
  CHECK(graph.nodes[2].absorbed == std::vector<std::string>{"Add_4", "Relu_5"});
}

TEST_CASE("post_ops: a residual made later than the node, or read elsewhere, stays an Add") {
  Net net;
  net.input("x", DType::f32, {1, 2, 3, 3});
  const std::string a = net.add("Conv", {"x", net.noise({2, 2, 1, 1})});
  const std::string b = net.add("Exp", {"x"});
  net.output(net.add("Add", {a, b}));
  const std::string c = net.add("Conv", {"x", net.noise({2, 2, 1, 1})});
  net.output(net.add("Add", {c, c}));
  check(net, "Conv Exp Add Conv Add");
}

TEST_CASE("post_ops: sums that broadcast stay, one sum per node is taken") {
  Net net;
  net.input("x", DType::f32, {1, 2, 3, 3});
  net.input("y", DType::f32, {1, 2, 1, 1});
  net.output(net.add("Add", {net.add("Conv", {"x", net.noise({2, 2, 1, 1})}), "y"}));
  const std::string once = net.add("Add", {net.add("Conv", {"x", net.noise({2, 2, 1, 1})}), "x"});
  net.output(net.add("Add", {once, "x"}));
  check(net, "Conv Add Conv[sum] Add");
}

TEST_CASE("post_ops: constants per channel join after an activation, and at a MatMul") {
  Net net;
  net.input("x", DType::f32, {1, 2, 3, 3});
  net.input("y", DType::f32, {2, 3, 4});
  const std::string active = net.add("Relu", {net.add("Conv", {"x", net.noise({2, 2, 1, 1})})});
  net.output(net.add("Add", {net.add("Mul", {active, net.noise({2, 1, 1})}), net.noise({1})}));
  net.output(net.add("Add", {net.add("MatMul", {"y", net.noise({4, 5})}), net.noise({5})}));
  check(net, "Conv[Relu mul add] MatMul[add]");
}

TEST_CASE("dead_code: what nobody reads goes, with its constants") {
  Net net;
  net.input("x", DType::f32, {2, 3});
  net.add("Exp", {net.add("Add", {"x", net.noise({3})})});
  net.output(net.add("Exp", {"x"}));
  CHECK(check(net, "Exp").values.size() == 2);
}

TEST_CASE("any pass can be left out, and is dumped after it ran") {
  Net net;
  net.input("x", DType::f32, {1, 2, 3, 3});
  net.output(net.add("Relu", {net.add("Conv", {"x", net.noise({2, 2, 1, 1})})}));
  for (const graph::Pass& pass : graph::all_passes()) {
    check(net, pass.name == "post_ops" ? "Conv Relu" : "Conv[Relu]", {std::string(pass.name)});
  }
  std::vector<std::string> dumped;
  graph::specialise(
      net.import(), {}, engine::evaluate_plain,
      {{"pads"}, [&](std::string_view pass, const Graph&) { dumped.emplace_back(pass); }});
  CHECK(dumped.size() == graph::all_passes().size() - 1);
  CHECK(std::ranges::find(dumped, "pads") == dumped.end());
}

TEST_CASE("input shapes must fit, and free extents are shared by symbol or 1") {
  Net net;
  net.input("x", DType::f32, {-1, 3});
  net.input("y", DType::f32, {-1, 3});
  net.output(net.add("Add", {"x", "y"}));
  const Graph model = net.import();
  const auto compile = [&](const std::map<std::string, Shape>& shapes) {
    return graph::specialise(model, shapes, engine::evaluate_plain);
  };
  CHECK(compile({}).value(0).shape == Shape{1, 3});
  CHECK(compile({{"x", {5, 3}}}).value(1).shape == Shape{5, 3});
  CHECK_THROWS_WITH_AS(compile({{"x", {5, 4}}}),
                       "the input x has the shape ?x3, which 5x4 does not fit", Error);
  CHECK_THROWS_WITH_AS(compile({{"z", {1}}}), "the model built has no input z; it has x y", Error);
  CHECK_THROWS_AS(compile({{"x", {-1, 3}}}), Error);
  CHECK_THROWS_AS(compile({{"x", {2, 3}}, {"y", {3, 3}}}), Error);
}
