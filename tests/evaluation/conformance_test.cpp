#include "evaluation/conformance.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"
#include "graph/onnx_builder.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;
using Status = Verdict::Status;
using tensor::Tensor;

namespace {

class CaseFolder {
 public:
  explicit CaseFolder(const std::string& op_type) : CaseFolder(two_pairs(op_type)) {}
  explicit CaseFolder(const OnnxBuilder& builder) {
    base::write_file(folder_ / "model.onnx", builder.bytes());
  }

  void data_set(const std::string& name, const std::vector<Tensor>& inputs,
                const std::vector<Tensor>& outputs) const {
    std::filesystem::create_directory(folder_ / name);
    write(name + "/input_", inputs);
    write(name + "/output_", outputs);
  }

  Verdict run() const { return run_case(folder_.path(), Precision::fp32, {}); }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  static OnnxBuilder two_pairs(const std::string& op_type) {
    OnnxBuilder builder(13);
    builder.input("a", tensor::DType::f32, {2});
    builder.input("b", tensor::DType::f32, {2});
    builder.node(op_type, {"a", "b"}, {"y"}, {}, "only");
    builder.output("y");
    return builder;
  }

  void write(const std::string& prefix, const std::vector<Tensor>& values) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      base::write_file(folder_ / (prefix + std::to_string(i) + ".pb"),
                       OnnxBuilder::proto_of(values[i], "").SerializeAsString());
    }
  }

  TemporaryFolder folder_;
};

Tensor pair(float first, float second) {
  return Tensor::of<float>({2}, {first, second});
}

}  // namespace

TEST_CASE("a case passes when every data set does") {
  const CaseFolder add("Add");
  add.data_set("test_data_set_0", {pair(1, 2), pair(3, 4)}, {pair(4, 6)});
  CHECK(add.run().status == Status::passed);
  CHECK(add.run().max_abs_error == 0);
  add.data_set("test_data_set_1", {pair(1, 2), pair(3, 4)}, {pair(4, 7)});
  const Verdict verdict = add.run();
  CHECK(verdict.status == Status::failed);
  CHECK(verdict.reason == "test_data_set_1: output y differs in 1 of 2 numbers, by up to 1");
  CHECK(verdict.max_abs_error == 1);
}

TEST_CASE("a case with an unknown operator is unsupported, one with wrong data failed") {
  const CaseFolder unknown("Frobnicate");
  unknown.data_set("test_data_set_0", {pair(1, 2), pair(3, 4)}, {pair(4, 6)});
  CHECK(unknown.run().status == Status::unsupported);
  CHECK(unknown.run().reason.find("Frobnicate of opset 13 (node only)") != std::string::npos);
  const CaseFolder add("Add");
  add.data_set("test_data_set_0", {Tensor::of<float>({3}, {1, 2, 3}), pair(3, 4)}, {pair(4, 6)});
  CHECK(add.run().status == Status::failed);
  CHECK(!add.run().reason.empty());
  base::write_file(add.path() / "test_data_set_0/input_0.pb", "no tensor");
  CHECK(add.run().status == Status::failed);
  CHECK(add.run().reason.find("input_0.pb") != std::string::npos);
}

TEST_CASE("the inputs of a case have the shapes of their files") {
  const CaseFolder add("Add");
  const Tensor three = Tensor::of<float>({3}, {1, 2, 3});
  add.data_set("test_data_set_0", {three, Tensor::of<float>({1}, {1})},
               {Tensor::of<float>({3}, {2, 3, 4})});
  CHECK(add.run().status == Status::passed);
  add.data_set("test_data_set_1", {three}, {three});
  CHECK(add.run().status == Status::failed);
  CHECK(add.run().reason.find("the input b has no shape in the model") != std::string::npos);
}

TEST_CASE("a case may decode files of pictures") {
  OnnxBuilder builder(20);
  builder.input("file", tensor::DType::u8, {-1});
  builder.node("ImageDecoder", {"file"}, {"image"}, {{"pixel_format", std::string("BGR")}}, "it");
  builder.node("Cast", {"image"}, {"y"}, {{"to", std::int64_t{1}}}, "as_float");
  builder.output("y");
  const CaseFolder decoder(builder);
  const auto file = [](std::string_view text) {
    return Tensor::of<std::uint8_t>({std::ssize(text)}, {text.begin(), text.end()});
  };
  decoder.data_set("test_data_set_0", {file("P6 1 2 255 abcdef")},
                   {Tensor::of<float>({2, 1, 3}, {99, 98, 97, 102, 101, 100})});
  CHECK(decoder.run().reason == "");
  decoder.data_set("test_data_set_1", {file("P6 1 2 255 ab")}, {pair(0, 0)});
  CHECK(decoder.run().status == Status::failed);
  CHECK(decoder.run().reason ==
        "the input of the node it (ImageDecoder) is not a valid PNM image: it is cut short");
  decoder.data_set("test_data_set_1", {file("RIFF1234WEBP")}, {pair(0, 0)});
  CHECK(decoder.run().status == Status::unsupported);
}

TEST_CASE("a folder that is no case is an error") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(run_case(folder.path(), Precision::fp32, {}),
                       doctest::Contains("holds no model.onnx"), Error);
  const CaseFolder empty("Add");
  CHECK_THROWS_WITH_AS(empty.run(), doctest::Contains("holds no test_data_set_0"), Error);
}
