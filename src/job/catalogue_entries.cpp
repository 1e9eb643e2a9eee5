#include "job/catalogue_entries.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ampd::job {
namespace {

using nlohmann::json;

constexpr double pixels_max = 65536;
constexpr double count_max = 1e9;

const std::vector<std::string> interpolations{"nearest", "bilinear", "bicubic"};
const std::vector<std::string> dtypes{"float32", "float64", "float16", "bfloat16", "int8",
                                      "uint8",   "int16",   "uint16",  "int32",    "uint32",
                                      "int64",   "uint64",  "bool"};

Parameter pixels(const std::string& name, const std::string& meaning, json standard = nullptr) {
  return {.name = name,
          .kind = Kind::integer,
          .meaning = meaning,
          .required = standard.is_null(),
          .standard = standard,
          .minimum = 1,
          .maximum = pixels_max};
}

Parameter offset(const std::string& name, const std::string& meaning) {
  return {.name = name,
          .kind = Kind::integer,
          .meaning = meaning,
          .required = true,
          .minimum = 0,
          .maximum = pixels_max};
}

Parameter size_parameter(const std::string& meaning) {
  return {.name = "size",
          .kind = Kind::size,
          .meaning = meaning,
          .required = true,
          .minimum = 1,
          .maximum = pixels_max};
}

Parameter interpolation() {
  return {.name = "interpolation",
          .meaning = "how pixels are computed",
          .standard = "bilinear",
          .choices = interpolations};
}

Parameter root(const std::string& meaning) {
  return {.name = "root", .kind = Kind::folder, .meaning = meaning, .required = true};
}

Parameter train() {
  return {.name = "train",
          .kind = Kind::boolean,
          .meaning = "the training part instead of the test part",
          .standard = false};
}

Parameter download() {
  return {.name = "download",
          .kind = Kind::boolean,
          .meaning = "nothing is ever downloaded",
          .ignored = true};
}

Parameter numbers(const std::string& name, const std::string& meaning, json standard) {
  return {.name = name, .kind = Kind::numbers, .meaning = meaning, .standard = standard};
}

std::vector<Parameter> dummy_values(const std::string& tensors) {
  return {{.name = "low",
           .kind = Kind::numbers,
           .meaning = "least value, one or one per " + tensors,
           .standard = json::array({-128.0})},
          {.name = "high",
           .kind = Kind::numbers,
           .meaning = "greatest value, one or one per " + tensors,
           .standard = json::array({127.0})},
          {.name = "dtype",
           .kind = Kind::texts,
           .meaning = "element type, one or one per " + tensors,
           .standard = json::array({"float32"}),
           .choices = dtypes}};
}

Parameter compare_label() {
  return {.name = "compare_label",
          .kind = Kind::boolean,
          .meaning = "compare with the labels; false: with the fp32 model's outputs",
          .standard = true};
}

Entry metric(const std::string& name, const std::string& meaning, bool higher_is_better,
             std::vector<Parameter> parameters = {}) {
  return {.role = Role::metric,
          .name = name,
          .meaning = meaning,
          .parameters = std::move(parameters),
          .higher_is_better = higher_is_better};
}

Entry reference_metric(const std::string& name, const std::string& meaning) {
  return {.role = Role::metric,
          .name = name,
          .meaning = meaning,
          .needs_labels = false,
          .needs_reference = true};
}

void add_metrics(std::vector<Entry>& entries) {
  entries.push_back(metric("topk", "share of samples whose label is among the k highest scores",
                           true,
                           {{.name = "k",
                             .kind = Kind::integer,
                             .meaning = "how many of the highest scores count",
                             .standard = 1,
                             .minimum = 1,
                             .maximum = count_max}}));
  entries.back().scalar = "k";
  entries.insert(
      entries.end(),
      {metric("Accuracy", "share of predictions that equal the label", true),
       metric("F1", "F1 of class 1 where there are two classes, else the mean over the classes",
              true),
       metric("MSE", "mean squared error", false, {compare_label()}),
       metric("MAE", "mean absolute error", false, {compare_label()}),
       metric("RMSE", "root of the mean squared error", false, {compare_label()}),
       metric("Loss", "mean cross-entropy between the logits and the labels", false),
       metric("perplexity", "exponential of the mean cross-entropy", false),
       reference_metric("agreement", "share of samples with the fp32 model's highest-scored class"),
       reference_metric("cosine", "cosine similarity to the fp32 model's outputs"),
       reference_metric("sqnr", "signal to noise ratio against the fp32 model's outputs, in dB")});
}

Entry dataset(const std::string& name, const std::string& meaning,
              std::vector<Parameter> parameters) {
  return {
      .role = Role::dataset, .name = name, .meaning = meaning, .parameters = std::move(parameters)};
}

Entry npy() {
  return dataset(
      "npy", "NumPy files: .npy, or the arrays of one .npz; the first axis counts the samples",
      {{.name = "input", .kind = Kind::array, .meaning = "the samples of a model with one input"},
       {.name = "inputs",
        .kind = Kind::arrays,
        .meaning = "instead of `input`: the samples by the name of the model's input"},
       {.name = "label", .kind = Kind::array, .meaning = "the labels"},
       {.name = "file",
        .kind = Kind::file,
        .meaning = "an .npz; `input`, `inputs` and `label` then name arrays in it"},
       {.name = "layout",
        .meaning = "how images are stored",
        .standard = "CHW",
        .choices = {"CHW", "HWC"}}});
}

Entry dummy() {
  std::vector<Parameter> parameters{{.name = "shape",
                                     .kind = Kind::shapes,
                                     .meaning = "of each input, the count of samples first",
                                     .required = true,
                                     .minimum = 1,
                                     .maximum = count_max},
                                    {.name = "label",
                                     .kind = Kind::boolean,
                                     .meaning = "every label is 0; false: no labels",
                                     .standard = true}};
  std::ranges::move(dummy_values("input"), std::back_inserter(parameters));
  return dataset("dummy", "random numbers, the same for the same `tuning.random_seed`",
                 std::move(parameters));
}

Entry dummy_v2() {
  std::vector<Parameter> parameters{{.name = "input_shape",
                                     .kind = Kind::shapes,
                                     .meaning = "of one sample of each input",
                                     .required = true,
                                     .minimum = 1,
                                     .maximum = count_max},
                                    {.name = "label_shape",
                                     .kind = Kind::shapes,
                                     .meaning = "of one sample of each label",
                                     .standard = json::array({json::array({1})}),
                                     .minimum = 1,
                                     .maximum = count_max},
                                    {.name = "samples",
                                     .kind = Kind::integer,
                                     .meaning = "how many",
                                     .standard = 100,
                                     .minimum = 1,
                                     .maximum = count_max}};
  std::ranges::move(dummy_values("input, then per label"), std::back_inserter(parameters));
  return dataset("dummy_v2", "as `dummy`, with shapes of one sample and with random labels",
                 std::move(parameters));
}

void add_datasets(std::vector<Entry>& entries) {
  const std::string idx = "folder of the four idx files, plain or .gz";
  entries.insert(
      entries.end(),
      {npy(), dataset("MNIST", "28x28x1 digits", {root(idx), train(), download()}),
       dataset("FashionMNIST", "28x28x1 clothes", {root(idx), train(), download()}),
       dataset("CIFAR10", "32x32x3 images, the binary version",
               {root("folder of data_batch_1.bin to data_batch_5.bin and test_batch.bin"), train(),
                download()}),
       dataset("ImageFolder", "JPEG and PNG images in one folder per class, classes in name order",
               {root("folder of the classes' folders")}),
       dummy(), dummy_v2()});
}

Entry transform(const std::string& name, const std::string& meaning,
                std::vector<Parameter> parameters = {}) {
  return {.role = Role::transform,
          .name = name,
          .meaning = meaning,
          .parameters = std::move(parameters)};
}

void add_value_transforms(std::vector<Entry>& entries) {
  entries.insert(
      entries.end(),
      {transform("Rescale", "to float32, divided by 255"),
       transform("Normalize", "(value - mean) / std on the channel axis; one number serves all",
                 {numbers("mean", "per channel", json::array({0.0})),
                  {.name = "std",
                   .kind = Kind::numbers,
                   .meaning = "per channel",
                   .standard = json::array({1.0}),
                   .minimum = 1e-6},
                  {.name = "rescale",
                   .kind = Kind::numbers,
                   .meaning = "[a, b]: afterwards value / a - b"}}),
       transform("Cast", "to another element type",
                 {{.name = "dtype",
                   .meaning = "the element type",
                   .standard = "float32",
                   .choices = dtypes}}),
       transform("Transpose", "axes in another order",
                 {{.name = "perm",
                   .kind = Kind::integers,
                   .meaning = "for each axis of the result, the axis it was",
                   .required = true,
                   .minimum = 0,
                   .maximum = 11}}),
       transform("ToTensor", "from HWC to CHW; uint8 also to float32, divided by 255"),
       transform("ToArray", "nothing: samples are arrays already"),
       transform("ToNDArray", "nothing: samples are arrays already"),
       transform("ToPILImage", "nothing: samples are arrays already"),
       transform(
           "QuantizedInput",
           "nothing without `scale`; with it value * scale (+ 128 for "
           "uint8), converted to `dtype`",
           {{.name = "dtype",
             .meaning = "the element type",
             .standard = "int8",
             .choices = {"int8", "uint8"}},
            {.name = "scale", .kind = Kind::number, .meaning = "the factor", .minimum = 1e-30}}),
       transform("AlignImageChannel",
                 "images with `dim` channels: grey to colour, colour to grey, alpha dropped",
                 {{.name = "dim",
                   .kind = Kind::integer,
                   .meaning = "channels",
                   .standard = 3,
                   .minimum = 1,
                   .maximum = 4}})});
}

void add_geometry_transforms(std::vector<Entry>& entries) {
  entries.insert(
      entries.end(),
      {transform("Resize", "to the given size, whatever the proportions",
                 {size_parameter("size of the result"), interpolation()}),
       transform("CenterCrop", "the middle of the image", {size_parameter("size of the result")}),
       transform("PaddedCenterCrop",
                 "the middle square, its side size / (size + crop_padding) of the shorter side",
                 {size_parameter("side that the image will be resized to"),
                  {.name = "crop_padding",
                   .kind = Kind::integer,
                   .meaning = "see the transform",
                   .standard = 0,
                   .minimum = 0,
                   .maximum = pixels_max}}),
       transform("CropResize", "a rectangle of the image, then Resize",
                 {offset("x", "left edge"), offset("y", "top edge"),
                  pixels("width", "of the rectangle"), pixels("height", "of the rectangle"),
                  size_parameter("size of the result"), interpolation()}),
       transform("CropToBoundingBox", "a rectangle of the image",
                 {offset("offset_height", "top edge"), offset("offset_width", "left edge"),
                  pixels("target_height", "height"), pixels("target_width", "width")}),
       transform("ResizeWithRatio",
                 "proportions kept: shorter side at least min_dim, longer at most max_dim",
                 {pixels("min_dim", "of the shorter side", 800),
                  pixels("max_dim", "of the longer side", 1365),
                  {.name = "padding",
                   .kind = Kind::boolean,
                   .meaning = "pad to max_dim x max_dim",
                   .standard = false},
                  {.name = "constant_value",
                   .kind = Kind::integer,
                   .meaning = "of the padding",
                   .standard = 0}}),
       transform("ResizeWithAspectRatio",
                 "proportions kept: shorter side to 100 / scale of height or width, by area",
                 {pixels("height", "of the crop that follows"),
                  pixels("width", "of the crop that follows"),
                  {.name = "scale",
                   .kind = Kind::number,
                   .meaning = "percent of the result that the crop will keep",
                   .standard = 87.5,
                   .minimum = 1,
                   .maximum = 100}})});
}

void add_imagenet_transforms(std::vector<Entry>& entries) {
  entries.push_back(transform(
      "BilinearImagenet",
      "to [0, 1], the middle, resized, to [-1, 1], then (value - mean_value) * scale; stays HWC",
      {pixels("height", "of the result"),
       pixels("width", "of the result"),
       {.name = "central_fraction",
        .kind = Kind::number,
        .meaning = "share of each side that is kept",
        .standard = 0.875,
        .minimum = 0.001,
        .maximum = 1},
       numbers("mean_value", "per channel", json::array({0.0})),
       {.name = "scale", .kind = Kind::number, .meaning = "the factor", .standard = 1.0}}));
  entries.push_back(transform(
      "ResizeCropImagenet",
      "shorter side to resize_side, the middle, / 255, (value - mean_value) / std_value, to CHW",
      {pixels("height", "of the result"),
       pixels("width", "of the result"),
       pixels("resize_side", "of the shorter side before the crop", 256),
       {.name = "resize_method",
        .meaning = "how pixels are computed",
        .standard = "bilinear",
        .choices = interpolations},
       {.name = "mean_value",
        .kind = Kind::numbers,
        .meaning = "per channel, of values in [0, 1]",
        .standard = json::array({0.0}),
        .minimum = -1,
        .maximum = 1},
       {.name = "std_value",
        .kind = Kind::numbers,
        .meaning = "per channel",
        .standard = json::array({0.229, 0.224, 0.225}),
        .minimum = 1e-6},
       {.name = "random_crop", .kind = Kind::boolean, .meaning = "at random", .only = false},
       {.name = "random_flip_left_right",
        .kind = Kind::boolean,
        .meaning = "at random",
        .only = false},
       {.name = "scale", .kind = Kind::number, .meaning = "of TensorFlow's form", .only = 1.0},
       {.name = "data_format", .meaning = "of the result", .only = "channels_first"},
       {.name = "subpixels", .meaning = "order of the colours", .only = "RGB"}}));
}

void add_postprocesses(std::vector<Entry>& entries) {
  entries.push_back({.role = Role::postprocess,
                     .name = "LabelShift",
                     .meaning = "the label minus this number",
                     .parameters = {{.name = "label_shift",
                                     .kind = Kind::integer,
                                     .meaning = "how much is subtracted",
                                     .standard = 0}},
                     .scalar = "label_shift"});
}

void add_not_offered(std::vector<Entry>& entries, Role role, const std::string& remedy,
                     const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    entries.push_back({.role = role, .name = name, .meaning = "", .remedy = remedy});
  }
}

void add_all_not_offered(std::vector<Entry>& entries) {
  const std::string npy_dataset = "npy, with the samples converted to NumPy files";
  const std::string folder = "ImageFolder, or npy with the samples converted to NumPy files";
  add_not_offered(
      entries, Role::metric, "agreement, or your own evaluation.eval_func",
      {"mAP", "COCOmAP", "COCOmAPv2", "VOCmAP", "SquadF1", "BLEU", "mIOU", "GLUE", "ROC"});
  add_not_offered(entries, Role::dataset, npy_dataset,
                  {"CIFAR100", "TFRecordDataset", "sparse_dummy_v2", "bert", "mzbert", "VOCRecord",
                   "COCORecord", "COCORaw", "COCONpy", "style_transfer", "GLUE"});
  add_not_offered(entries, Role::dataset, folder, {"ImageRecord", "ImagenetRaw", "Imagenet"});
  add_not_offered(
      entries, Role::transform, "leaving it out: images are decoded when they are read",
      {"ParseDecodeImagenet", "ParseDecodeCoco", "ParseDecodeVoc", "DecodeImage", "EncodeJpeg"});
  add_not_offered(entries, Role::transform,
                  "CenterCrop, or leaving it out: an evaluation must be repeatable",
                  {"RandomCrop", "RandomResizedCrop", "RandomHorizontalFlip", "RandomVerticalFlip",
                   "ColorJitter"});
  add_not_offered(entries, Role::transform, "npy, with samples that are transformed already",
                  {"Pad", "Compose"});
  add_not_offered(entries, Role::transform, "Normalize, with its rescale", {"KerasRescale"});
  add_not_offered(entries, Role::postprocess, "your own evaluation.eval_func",
                  {"Collect", "SquadV1", "SquadV1ModelZoo"});
}

}  // namespace

std::vector<Entry> catalogue_entries() {
  std::vector<Entry> entries;
  add_metrics(entries);
  add_datasets(entries);
  add_value_transforms(entries);
  add_geometry_transforms(entries);
  add_imagenet_transforms(entries);
  add_postprocesses(entries);
  add_all_not_offered(entries);
  return entries;
}

}  // namespace ampd::job
