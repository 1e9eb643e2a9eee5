// A small classifier with data, in a folder of its own, and jobs on it.
//
//   conv (3 to 4 channels) -> Relu -> global average -> flatten -> fc (4 to 5 classes)
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "data/npy.hpp"
#include "evaluation/evaluator.hpp"
#include "evaluation/model.hpp"
#include "graph/onnx_builder.hpp"
#include "job/job_file.hpp"
#include "temporary_folder.hpp"

namespace ampd::evaluation {

class SmallModel {
 public:
  static constexpr std::int64_t samples = 23;
  static constexpr std::int64_t classes = 5;

  SmallModel() {
    write_model();
    base::write_file(folder_ / "x.npy", data::write_npy(random({samples, 3, 8, 8}, 1)));
    std::vector<std::int64_t> labels(samples);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      labels[i] = static_cast<std::int64_t>(i * 7 % classes);
    }
    base::write_file(folder_ / "y.npy",
                     data::write_npy(tensor::Tensor::of<std::int64_t>({samples}, labels)));
  }

  std::filesystem::path path(const std::string& name) const { return folder_ / name; }

  ModelSource source(const std::string& file = "model.onnx") const {
    return {path(file), folder_.path(), file};
  }
  std::shared_ptr<Model> load() const { return std::make_shared<Model>(source()); }

  /// A job in batches of 4, whose last one has 3 samples.
  job::Job job(const std::string& metric, const std::string& model_lines = "",
               const std::string& dataset = "npy: {input: x.npy, label: y.npy}") const {
    base::write_file(path("job.yaml"), "model: {name: small, path: model.onnx" + model_lines +
                                           "}\nevaluation:\n  accuracy:\n    metric: {" + metric +
                                           "}\n    dataloader: {batch_size: 4, dataset: {" +
                                           dataset + "}}\n");
    return job::read_job(path("job.yaml"));
  }

  /// From now on nothing can be read from the data's files, open ones included.
  void empty_data() const {
    for (const char* name : {"x.npy", "y.npy"}) std::filesystem::resize_file(path(name), 0);
  }

  Evaluator evaluator(const std::string& metric) const { return {load(), job(metric)}; }

  static tensor::Tensor random(const tensor::Shape& shape, unsigned seed) {
    std::mt19937 numbers(seed);
    tensor::Tensor made(tensor::DType::f32, shape);
    for (float& value : made.mutable_values<float>()) {
      value = static_cast<float>(static_cast<double>(numbers()) / 2147483648.0 - 1.0);
    }
    return made;
  }

 private:
  void write_model() const {
    OnnxBuilder builder(13);
    builder.input("x", tensor::DType::f32, {-1, 3, 8, 8});
    builder.constant("conv_w", random({4, 3, 3, 3}, 2));
    builder.constant("conv_b", random({4}, 3));
    builder.constant("fc_w", random({classes, 4}, 4));
    builder.constant("fc_b", random({classes}, 5));
    builder.node("Conv", {"x", "conv_w", "conv_b"}, {"c"}, {}, "conv");
    builder.node("Relu", {"c"}, {"r"}, {}, "relu");
    builder.node("GlobalAveragePool", {"r"}, {"p"}, {}, "pool");
    builder.node("Flatten", {"p"}, {"f"}, {}, "flatten");
    builder.node("Gemm", {"f", "fc_w", "fc_b"}, {"y"}, {{"transB", std::int64_t{1}}}, "fc");
    builder.output("y");
    auto* shape = builder.model.mutable_graph()
                      ->mutable_output(0)
                      ->mutable_type()
                      ->mutable_tensor_type()
                      ->mutable_shape();
    shape->add_dim()->set_dim_param("N");
    shape->add_dim()->set_dim_value(classes);
    base::write_file(folder_ / "model.onnx", builder.bytes());
  }

  TemporaryFolder folder_;
};

inline const Precisions both_low{{"conv", Precision::bf16}, {"fc", Precision::bf16}};

/// A model as a test writes it down.
inline std::shared_ptr<Model> model_of(const OnnxBuilder& builder) {
  const std::string text = builder.bytes();
  const auto bytes = std::as_bytes(std::span(text));
  return std::make_shared<Model>(std::vector<std::byte>(bytes.begin(), bytes.end()),
                                 ModelSource{{}, {}, "built.onnx"});
}

}  // namespace ampd::evaluation
