#include "data/dataset.hpp"

#include <doctest/doctest.h>

#include <chrono>

#include "damage.hpp"
#include "data/npy.hpp"
#include "image/image_writer.hpp"
#include "temporary_folder.hpp"
#include "zip_writer.hpp"

using namespace ampd::data;
using ampd::tensor::DType;
using ampd::tensor::Shape;
using ampd::tensor::Tensor;
using nlohmann::json;
using namespace std::string_literals;

namespace {

/// A folder into which a test puts files and from which it opens datasets.
class Folder {
 public:
  std::string put(const std::string& name, const std::string& bytes) const {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    put_file(path, bytes);
    return path.string();
  }
  std::string root() const { return folder_.path().string(); }
  Dataset open(const std::string& kind, json parameters = json::object()) const {
    parameters["root"] = root();
    if (!parameters.contains("train")) parameters["train"] = false;
    return make_dataset({kind, parameters}, 1);
  }

 private:
  TemporaryFolder folder_;
};

std::string npy(const Shape& shape, const std::vector<std::int32_t>& values) {
  return write_npy(Tensor::of<std::int32_t>(shape, values));
}

std::int64_t label(const Dataset& dataset, std::int64_t index) {
  return convert(*dataset.sample(index).label, DType::i64).values<std::int64_t>()[0];
}

std::vector<double> values(const Tensor& tensor) {
  const Tensor doubles = convert(tensor, DType::f64);
  return {doubles.values<double>().begin(), doubles.values<double>().end()};
}

std::string big_endian(std::uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
          static_cast<char>(number >> 8), static_cast<char>(number)};
}

std::string idx_images(std::uint32_t count) {
  std::string pixels;
  for (std::uint32_t i = 0; i < count * 6; ++i) pixels += static_cast<char>(i);
  return "\0\0\x08\x03"s + big_endian(count) + big_endian(2) + big_endian(3) + pixels;
}

std::string idx_labels(const std::string& labels) {
  return "\0\0\x08\x01"s + big_endian(static_cast<std::uint32_t>(labels.size())) + labels;
}

std::string cifar_record(char of_class) {
  return of_class + std::string(1024, '\x01') + std::string(1024, '\x02') +
         std::string(1024, '\x03');
}

}  // namespace

TEST_CASE("npy files give their rows, with the label and the channel axis") {
  const Folder folder;
  const std::string x = folder.put("x.npy", npy({2, 3, 1, 1}, {1, 2, 3, 4, 5, 6}));
  const std::string y = folder.put("y.npy", npy({2}, {7, 8}));
  const Dataset dataset = make_dataset({"npy", {{"input", x}, {"label", y}}}, 1);
  CHECK(dataset.size == 2);
  CHECK(dataset.inputs == std::vector<std::string>{""});
  const Sample sample = dataset.sample(1);
  CHECK(sample.inputs[0].value.shape() == Shape{3, 1, 1});
  CHECK(sample.inputs[0].channel_axis == 0);
  CHECK(values(sample.inputs[0].value) == std::vector<double>{4, 5, 6});
  CHECK(label(dataset, 1) == 8);
  const Dataset last = make_dataset({"npy", {{"input", x}, {"layout", "HWC"}}}, 1);
  CHECK(last.sample(0).inputs[0].channel_axis == 2);
  CHECK(!last.sample(0).label);
}

TEST_CASE("npy files and the arrays of an archive feed several inputs by name") {
  const Folder folder;
  ZipWriter zip;
  zip.add("ids.npy", npy({2, 2}, {1, 2, 3, 4}));
  zip.add("mask.npy", npy({2, 1}, {5, 6}));
  zip.add("y.npy", npy({2}, {7, 8}));
  const std::string file = folder.put("all.npz", zip.finish());
  const json inputs{{"input_ids", "ids"}, {"attention", "mask"}};
  const Dataset dataset =
      make_dataset({"npy", {{"file", file}, {"inputs", inputs}, {"label", "y"}}}, 1);
  CHECK(dataset.inputs == std::vector<std::string>{"attention", "input_ids"});
  CHECK(values(dataset.sample(1).inputs[0].value) == std::vector<double>{6});
  CHECK(values(dataset.sample(1).inputs[1].value) == std::vector<double>{3, 4});
  CHECK(label(dataset, 0) == 7);
}

TEST_CASE("labels of the wrong length are an error that names both files and lengths") {
  const Folder folder;
  const std::string x = folder.put("x.npy", npy({3, 1}, {1, 2, 3}));
  const std::string y = folder.put("y.npy", npy({2}, {7, 8}));
  CHECK(error_of([&] {
          make_dataset({"npy", {{"input", x}, {"label", y}}}, 1);
        }) == x + " has 3 samples, but " + y + " has 2; both must have the same number");
  const std::string scalar = folder.put("scalar.npy", npy({}, {1}));
  CHECK(error_of([&] {
          make_dataset({"npy", {{"input", scalar}}}, 1);
        }).find("count the samples") != std::string::npos);
}

TEST_CASE("MNIST is found plain, compressed, in PyTorch's folders and as Keras's archive") {
  for (const std::string place : {"", "MNIST/raw/", "MNIST/"}) {
    const Folder folder;
    folder.put(place + "t10k-images-idx3-ubyte", idx_images(2));
    folder.put(place + "t10k-labels-idx1-ubyte.gz", compressed(idx_labels("\x03\x09"), 31));
    const Dataset dataset = folder.open("MNIST");
    CHECK(dataset.size == 2);
    const Field image = dataset.sample(1).inputs[0];
    CHECK(image.value.shape() == Shape{2, 3, 1});
    CHECK(image.channel_axis == 2);
    CHECK(values(image.value) == std::vector<double>{6, 7, 8, 9, 10, 11});
    CHECK(label(dataset, 1) == 9);
  }
  const Folder folder;
  ZipWriter zip;
  zip.add("x_train.npy", write_npy(Tensor(DType::u8, {3, 28, 28})));
  zip.add("y_train.npy", write_npy(Tensor(DType::u8, {3})));
  folder.put("mnist.npz", zip.finish());
  CHECK(folder.open("MNIST", {{"train", true}}).size == 3);
}

TEST_CASE("MNIST with labels of the wrong length or without files is refused by name") {
  const Folder folder;
  CHECK(error_of([&] { folder.open("FashionMNIST"); }).find("t10k-images-idx3-ubyte") !=
        std::string::npos);
  folder.put("train-images-idx3-ubyte", idx_images(3));
  folder.put("train-labels-idx1-ubyte", idx_labels("\x01\x02"));
  const std::string error = error_of([&] { folder.open("MNIST", {{"train", true}}); });
  CHECK(error.find("has 3 images") != std::string::npos);
  CHECK(error.find("has 2 labels") != std::string::npos);
}

TEST_CASE("a damaged idx file gives an error or samples, never a crash") {
  const Folder folder;
  const std::string images = idx_images(2);
  folder.put("t10k-labels-idx1-ubyte", idx_labels("\x01\x02"));
  const auto open = [&](const std::string& bytes) {
    folder.put("t10k-images-idx3-ubyte", bytes);
    folder.open("MNIST").sample(0);
  };
  check_every_prefix_is_refused(images, open);
  for (std::size_t at = 0; at < images.size(); ++at) {
    std::string damaged = images;
    damaged[at] = '\xff';
    check_read_or_refused(damaged, open);
  }
}

TEST_CASE("CIFAR10 turns its planes of colours into pixels") {
  const Folder folder;
  folder.put("cifar-10-batches-bin/test_batch.bin", cifar_record('\x04') + cifar_record('\x09'));
  const Dataset dataset = folder.open("CIFAR10");
  CHECK(dataset.size == 2);
  const Tensor image = dataset.sample(1).inputs[0].value;
  CHECK(image.shape() == Shape{32, 32, 3});
  CHECK(std::vector<int>(image.values<std::uint8_t>().begin(),
                         image.values<std::uint8_t>().begin() + 6) ==
        std::vector<int>{1, 2, 3, 1, 2, 3});
  CHECK(label(dataset, 1) == 9);
}

TEST_CASE("CIFAR10's training part is five files, and each must be whole") {
  const Folder folder;
  for (const char* number : {"1", "2", "3", "4"}) {
    folder.put("data_batch_"s + number + ".bin", cifar_record('\x01'));
  }
  CHECK(error_of([&] {
          folder.open("CIFAR10", {{"train", true}});
        }).find("data_batch_5.bin") != std::string::npos);
  folder.put("data_batch_5.bin", cifar_record('\x01') + cifar_record('\x02'));
  CHECK(folder.open("CIFAR10", {{"train", true}}).size == 6);
  folder.put("data_batch_5.bin", cifar_record('\x01').substr(1));
  CHECK(error_of([&] {
          folder.open("CIFAR10", {{"train", true}});
        }).find("no multiple of 3073") != std::string::npos);
  folder.put("data_batch_5.bin", cifar_record('\x0a'));
  CHECK(error_of([&] {
          folder.open("CIFAR10", {{"train", true}});
        }).find("label above 9") != std::string::npos);
}

TEST_CASE("ImageFolder takes classes and files in name order and leaves others out") {
  const Folder folder;
  const std::string image = png_of({1, 1, 3, {1, 2, 3}}, PNG_COLOR_TYPE_RGB);
  folder.put("dog/b.PNG", image);
  folder.put("cat/2.jpg", jpeg_of(Picture::gradient(2, 4)));
  folder.put("cat/1.jpeg", jpeg_of(Picture::gradient(3, 5)));
  folder.put("cat/notes.txt", "no image");
  folder.put("cat/.hidden.png", image);
  folder.put("README", "not a class");
  const Dataset dataset = folder.open("ImageFolder");
  CHECK(dataset.size == 3);
  CHECK(dataset.sample(0).inputs[0].value.shape() == Shape{3, 5, 3});
  CHECK(dataset.sample(1).inputs[0].value.shape() == Shape{2, 4, 3});
  CHECK(values(dataset.sample(2).inputs[0].value) == std::vector<double>{1, 2, 3});
  CHECK(label(dataset, 1) == 0);
  CHECK(label(dataset, 2) == 1);
}

TEST_CASE("an ImageFolder without images and a damaged image in one are named") {
  const Folder folder;
  CHECK(error_of([&] { folder.open("ImageFolder"); }).find(folder.root()) != std::string::npos);
  folder.put("cat/broken.jpg", "\xff\xd8\xff nothing");
  const Dataset dataset = folder.open("ImageFolder");
  CHECK(error_of([&] { dataset.sample(0); }).find("broken.jpg") != std::string::npos);
  CHECK_THROWS_AS(make_dataset({"ImageFolder", {{"root", folder.root() + "/none"}}}, 1),
                  ampd::Error);
}

TEST_CASE("dummy gives the same numbers for the same seed, on every machine") {
  const json parameters{{"shape", {{4, 3}}},
                        {"low", {-1.0}},
                        {"high", {1.0}},
                        {"dtype", {"float32"}},
                        {"label", true}};
  const Dataset dataset = make_dataset({"dummy", parameters}, 1978);
  CHECK(dataset.size == 4);
  CHECK(values(dataset.sample(2).inputs[0].value) == values(dataset.sample(2).inputs[0].value));
  CHECK(values(dataset.sample(2).inputs[0].value) != values(dataset.sample(3).inputs[0].value));
  CHECK(values(make_dataset({"dummy", parameters}, 1).sample(2).inputs[0].value) !=
        values(dataset.sample(2).inputs[0].value));
  CHECK(label(dataset, 2) == 0);
  const std::vector<double> first = values(dataset.sample(0).inputs[0].value);
  CHECK(first == std::vector<double>{0.162825063F, -0.538379312F, -0.220614925F});
}

TEST_CASE("dummy keeps its range, per input, and converts as NumPy does") {
  const json parameters{{"shape", {{2, 500}, {2, 500}}},
                        {"low", {-128.0, 0.0}},
                        {"high", {127.0, 10.0}},
                        {"dtype", {"uint8", "int64"}},
                        {"label", false}};
  const Dataset dataset = make_dataset({"dummy", parameters}, 1);
  const Sample sample = dataset.sample(1);
  CHECK(sample.inputs[0].value.dtype() == DType::u8);
  const std::vector<double> ids = values(sample.inputs[1].value);
  CHECK(*std::ranges::min_element(ids) == 0);
  CHECK(*std::ranges::max_element(ids) == 9);
  CHECK(!sample.label);
  json wrong = parameters;
  wrong["low"] = {0.0, 0.0, 0.0};
  CHECK(error_of([&] {
          make_dataset({"dummy", wrong}, 1);
        }).find("3 values for 2 arrays") != std::string::npos);
  wrong["low"] = {0.0};
  wrong["shape"] = {{2, 5}, {3, 5}};
  CHECK(error_of([&] { make_dataset({"dummy", wrong}, 1); }).find("3x5") != std::string::npos);
}

TEST_CASE("dummy_v2 gives inputs and labels of the shapes of one sample") {
  const json parameters{{"input_shape", {{3, 4}, {2}}}, {"label_shape", {{1}}},
                        {"low", {0.0, 0.0, 0.0}},       {"high", {1.0, 1.0, 5.0}},
                        {"dtype", {"float32"}},         {"samples", 7}};
  const Dataset dataset = make_dataset({"dummy_v2", parameters}, 1);
  CHECK(dataset.size == 7);
  CHECK(dataset.inputs.size() == 2);
  CHECK(dataset.sample(6).inputs[1].value.shape() == Shape{2});
  CHECK(dataset.sample(6).label->shape() == Shape{1});
}

TEST_CASE("the shared images are a dataset of 200") {
  const auto root = shared("data/cifar10_images");
  if (!root) return;
  const Dataset dataset = make_dataset({"ImageFolder", {{"root", root->string()}}}, 1);
  CHECK(dataset.size == 200);
  for (const std::int64_t index : {0, 199}) {
    CHECK(dataset.sample(index).inputs[0].value.shape() == Shape{32, 32, 3});
  }
  CHECK(label(dataset, 199) == 9);
}

TEST_CASE("the shared test set opens at once") {
  const auto images = shared("data/cifar10_test_x.npy");
  if (!images) return;
  const auto begin = std::chrono::steady_clock::now();
  const Dataset dataset = make_dataset(
      {"npy",
       {{"input", images->string()}, {"label", shared("data/cifar10_test_y.npy")->string()}}},
      1);
  dataset.sample(9'999);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(100));
  CHECK(dataset.size == 10'000);
}
