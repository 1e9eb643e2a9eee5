#include "small_model.hpp"

#include <random>
#include <span>

#include "base/files.hpp"
#include "data/npy.hpp"
#include "job/job_file.hpp"

namespace ampd::evaluation {

SmallModel::SmallModel() {
  write_model();
  base::write_file(folder_ / "x.npy", data::write_npy(random({samples, 3, 8, 8}, 1)));
  std::vector<std::int64_t> labels(samples);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<std::int64_t>(i * 7 % classes);
  }
  base::write_file(folder_ / "y.npy",
                   data::write_npy(tensor::Tensor::of<std::int64_t>({samples}, labels)));
}

ModelSource SmallModel::source(const std::string& file) const {
  return {path(file), folder_.path(), file};
}

job::Job SmallModel::job(const std::string& metric, const std::string& model_lines,
                         const std::string& dataset) const {
  base::write_file(path("job.yaml"), "model: {name: small, path: model.onnx" + model_lines +
                                         "}\nevaluation:\n  accuracy:\n    metric: {" + metric +
                                         "}\n    dataloader: {batch_size: 4, dataset: {" + dataset +
                                         "}}\n");
  return job::read_job(path("job.yaml"));
}

void SmallModel::empty_data() const {
  for (const char* name : {"x.npy", "y.npy"}) std::filesystem::resize_file(path(name), 0);
}

tensor::Tensor SmallModel::random(const tensor::Shape& shape, unsigned seed) {
  std::mt19937 numbers(seed);
  tensor::Tensor made(tensor::DType::f32, shape);
  for (float& value : made.mutable_values<float>()) {
    value = static_cast<float>(static_cast<double>(numbers()) / 2147483648.0 - 1.0);
  }
  return made;
}

void SmallModel::write_model() const {
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

std::shared_ptr<Model> model_of(const OnnxBuilder& builder) {
  const std::string text = builder.bytes();
  const auto bytes = std::as_bytes(std::span(text));
  return std::make_shared<Model>(std::vector<std::byte>(bytes.begin(), bytes.end()),
                                 ModelSource{{}, {}, "built.onnx"});
}

}  // namespace ampd::evaluation
