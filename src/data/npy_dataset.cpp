#include <functional>
#include <memory>
#include <utility>

#include "ampd/error.hpp"
#include "data/dataset_kinds.hpp"
#include "data/npy_file.hpp"
#include "data/npz_file.hpp"

namespace ampd::data {
namespace {

using tensor::Shape;
using tensor::Tensor;

/// An array whose rows are the samples.
struct Column {
  std::string name;  // for messages
  Shape shape;
  std::function<Tensor(std::int64_t row)> row;
};

Column column_of_file(const std::string& path) {
  auto file = std::make_shared<const NpyFile>(path);
  return {path, file->shape(), [file](std::int64_t row) { return file->row(row); }};
}

Column column_of_archive(const NpzFile& archive, const std::string& path, const std::string& name) {
  Tensor array = archive.read(name);
  return {path + ":" + name, array.shape(),
          [array](std::int64_t row) { return row_of(array, row); }};
}

/// Opens an array by what the job file calls it: a path, or a name in the archive.
using Open = std::function<Column(const std::string& array)>;

Open opener(const nlohmann::json& parameters) {
  if (!parameters.contains("file")) return column_of_file;
  const auto path = parameters.at("file").get<std::string>();
  auto archive = std::make_shared<const NpzFile>(path);
  return [archive, path](const std::string& array) {
    return column_of_archive(*archive, path, array);
  };
}

void check_lengths(const std::vector<Column>& columns) {
  for (const Column& column : columns) {
    if (column.shape.empty()) {
      throw Error(ErrorCode::invalid, column.name +
                                          " is a single number; its first axis must "
                                          "count the samples");
    }
    if (column.shape.front() != columns.front().shape.front()) {
      throw Error(ErrorCode::invalid,
                  columns.front().name + " has " + std::to_string(columns.front().shape.front()) +
                      " samples, but " + column.name + " has " +
                      std::to_string(column.shape.front()) + "; both must have the same number");
    }
  }
}

std::int64_t channel_axis(const Column& column, bool is_channels_last) {
  const auto sample_rank = static_cast<std::int64_t>(column.shape.size()) - 1;
  return is_channels_last && sample_rank > 0 ? sample_rank - 1 : 0;
}

}  // namespace

Dataset make_npy_dataset(const nlohmann::json& parameters) {
  const Open open = opener(parameters);
  Dataset dataset;
  std::vector<Column> columns;
  if (parameters.contains("inputs")) {
    for (const auto& [input, array] : parameters.at("inputs").items()) {
      dataset.inputs.push_back(input);
      columns.push_back(open(array.get<std::string>()));
    }
  } else {
    dataset.inputs.emplace_back();
    columns.push_back(open(parameters.at("input").get<std::string>()));
  }
  const std::size_t inputs = columns.size();
  if (inputs == 0) throw Error(ErrorCode::invalid, "the npy dataset names no input");
  if (parameters.contains("label")) columns.push_back(open(parameters.at("label")));
  check_lengths(columns);

  dataset.name = columns.front().name;
  dataset.size = columns.front().shape.front();
  const bool is_channels_last = parameters.value("layout", "CHW") == "HWC";
  dataset.sample = [columns, inputs, is_channels_last](std::int64_t index) {
    Sample sample;
    for (std::size_t i = 0; i < inputs; ++i) {
      sample.inputs.push_back({columns[i].row(index), channel_axis(columns[i], is_channels_last)});
    }
    if (columns.size() > inputs) sample.label = columns.back().row(index);
    return sample;
  };
  return dataset;
}

}  // namespace ampd::data
