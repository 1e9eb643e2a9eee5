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

  SmallModel();

  std::filesystem::path path(const std::string& name) const { return folder_ / name; }

  ModelSource source(const std::string& file = "model.onnx") const;
  std::shared_ptr<Model> load() const { return std::make_shared<Model>(source()); }

  /// A job in batches of 4, whose last one has 3 samples.
  job::Job job(const std::string& metric, const std::string& model_lines = "",
               const std::string& dataset = "npy: {input: x.npy, label: y.npy}") const;

  /// From now on nothing can be read from the data's files, open ones included.
  void empty_data() const;

  Evaluator evaluator(const std::string& metric) const { return {load(), job(metric)}; }

  static tensor::Tensor random(const tensor::Shape& shape, unsigned seed);

 private:
  void write_model() const;

  TemporaryFolder folder_;
};

inline const Precisions both_low{{"conv", Precision::bf16}, {"fc", Precision::bf16}};

/// A model as a test writes it down.
std::shared_ptr<Model> model_of(const OnnxBuilder& builder);

}  // namespace ampd::evaluation
