#include "data/dataloader.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "damage.hpp"
#include "data/npy.hpp"
#include "data/prefetcher.hpp"
#include "image/image_writer.hpp"
#include "temporary_folder.hpp"

using namespace ampd::data;
using ampd::job::Component;
using ampd::tensor::DType;
using ampd::tensor::Shape;
using ampd::tensor::Tensor;
using nlohmann::json;

namespace {

/// Arrays in files and loaders over them.
class World {
 public:
  std::string put(const std::string& name, const Tensor& array) const {
    put_file(folder_ / name, write_npy(array));
    return (folder_ / name).string();
  }

  /// `count` samples of one number, the sample's index, with the index times 10 as the label.
  Component counting(std::int64_t count, DType dtype = DType::u8) const {
    std::vector<std::int64_t> indices;
    std::vector<std::int64_t> labels;
    for (std::int64_t i = 0; i < count; ++i) {
      indices.push_back(i);
      labels.push_back(10 * i);
    }
    return {"npy",
            {{"input", put("x.npy", convert(Tensor::of<std::int64_t>({count, 1}, indices), dtype))},
             {"label", put("y.npy", Tensor::of<std::int64_t>({count}, labels))}}};
  }

  Component images(const Shape& shape) const {
    return {"npy",
            {{"input", put(ampd::tensor::to_string(shape) + ".npy", Tensor(DType::u8, shape))}}};
  }

 private:
  TemporaryFolder folder_;
};

Dataloader loader(const Component& dataset, Shape shape, std::int64_t batch_size = 4,
                  std::vector<Component> transforms = {}, DType dtype = DType::f32) {
  return Dataloader({.batch_size = batch_size, .dataset = dataset, .transforms = transforms},
                    {{.name = "input", .dtype = dtype, .shape = std::move(shape)}}, 1);
}

std::vector<float> numbers(const Batch& batch) {
  const auto values = batch.inputs.at("input").values<float>();
  return {values.begin(), values.end()};
}

std::string refusal(const Component& dataset, Shape shape, DType dtype = DType::f32) {
  return error_of([&] { loader(dataset, std::move(shape), 4, {}, dtype); });
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("batches come in order, converted to the input's type, the last one padded") {
  const World world;
  const Dataloader batches = loader(world.counting(10), {-1, 1});
  CHECK(batches.samples() == 10);
  CHECK(batches.batch_size() == 4);
  CHECK(batches.batch_count() == 3);
  CHECK(batches.shapes().at("input") == Shape{4, 1});
  CHECK(numbers(batches.batch(1)) == std::vector<float>{4, 5, 6, 7});
  const Batch last = batches.batch(2);
  CHECK(last.samples == 2);
  CHECK(numbers(last) == std::vector<float>{8, 9, 9, 9});
  CHECK(last.labels->shape() == Shape{2});
  CHECK(last.labels->values<std::int64_t>()[1] == 90);
}

TEST_CASE("a fixed batch size wins, and a dataset smaller than a batch shrinks a free one") {
  const World world;
  CHECK(loader(world.counting(10), {3, 1}).batch_count() == 4);
  CHECK(loader(world.counting(10), {3, 1}).batch_size() == 3);
  CHECK(loader(world.counting(2), {-1, 1}, 100).batch_size() == 2);
  const Dataloader fixed = loader(world.counting(2), {5, 1}, 100);
  CHECK(fixed.batch_size() == 5);
  CHECK(numbers(fixed.batch(0)) == std::vector<float>{0, 1, 1, 1, 1});
  CHECK(fixed.batch(0).samples == 2);
}

TEST_CASE("a last batch that is not full can be left out") {
  const World world;
  const std::vector<ModelInput> inputs{{"input", DType::f32, {-1, 1}}};
  ampd::job::Dataloader settings{
      .batch_size = 4, .discard_last_batch = true, .dataset = world.counting(10), .transforms = {}};
  const Dataloader batches(settings, inputs, 1);
  CHECK(batches.batch_count() == 2);
  CHECK(batches.samples() == 8);
  settings.batch_size = 11;
  CHECK(has(error_of([&] { Dataloader(settings, inputs, 1); }), "fewer than one batch of 11"));
}

TEST_CASE("a dataset without samples is an error") {
  const World world;
  CHECK(has(refusal(world.images({0, 1}), {-1, 1}), "has no samples"));
}

TEST_CASE("a type that the input cannot hold exactly is refused with the remedy") {
  const World world;
  const auto fits = [&](DType from, DType to) {
    return refusal(world.counting(3, from), {-1, 1}, to).empty();
  };
  CHECK(fits(DType::u8, DType::f32));
  CHECK(fits(DType::i16, DType::f32));
  CHECK(fits(DType::f16, DType::f32));
  CHECK(fits(DType::f32, DType::f64));
  CHECK(fits(DType::i32, DType::i64));
  CHECK(fits(DType::boolean, DType::i64));
  CHECK(!fits(DType::f64, DType::f32));
  CHECK(!fits(DType::i64, DType::f32));
  CHECK(!fits(DType::i64, DType::i32));
  CHECK(!fits(DType::i8, DType::u8));
  CHECK(!fits(DType::u8, DType::i8));
  CHECK(!fits(DType::f32, DType::i64));
  CHECK(!fits(DType::f16, DType::bf16));
  CHECK(has(refusal(world.counting(3, DType::f64), {-1, 1}),
            "add Cast: {dtype: float32} to the transforms"));
}

TEST_CASE("a shape that does not fit is an error, with the remedy where Transpose is one") {
  const World world;
  Component images = world.images({2, 8, 8, 3});
  images.parameters["layout"] = "HWC";
  CHECK(has(refusal(images, {-1, 3, 8, 8}), "add Transpose: {perm: [2, 0, 1]}"));
  CHECK(has(refusal(images, {-1, 3, -1, -1}), "add Transpose: {perm: [2, 0, 1]}"));
  const std::string error = refusal(images, {-1, 1, 8, 8});
  CHECK(has(error, "sample 0 of "));
  CHECK(has(error, "8x8x3 after the transforms, but the model's input input takes 1x8x8"));
  CHECK(!has(error, "Transpose"));
  CHECK(has(refusal(world.images({2, 3, 8, 8}), {-1, 8, 8, 3}), "perm: [1, 2, 0]"));
  const Component transpose{"Transpose", {{"perm", {2, 0, 1}}}};
  CHECK(loader(images, {-1, 3, -1, -1}, 4, {transpose}).shapes().at("input") == Shape{2, 3, 8, 8});
}

TEST_CASE("an input without a batch axis is refused") {
  const World world;
  CHECK(has(refusal(world.counting(3), {}), "begin with one and the same batch size"));
}

TEST_CASE("images of different sizes are refused with the number of the odd one") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "cat");
  for (const auto& [name, width] : {std::pair("1.png", 2U), std::pair("2.png", 3U)}) {
    put_file(folder.path() / "cat" / name, png_of(Picture::gradient(2, width), PNG_COLOR_TYPE_RGB));
  }
  const Component images{"ImageFolder", {{"root", folder.path().string()}}};
  const Dataloader batches = loader(images, {-1, -1, -1, 3}, 2);
  const std::string error = error_of([&] { batches.batch(0); });
  CHECK(has(error, "sample 1 of ImageFolder"));
  CHECK(has(error, "2x3x3 after the transforms, but sample 0 has 2x2x3"));
}

TEST_CASE("inputs are matched by name, or by order where the dataset has no names") {
  const World world;
  const std::string a = world.put("a.npy", Tensor::of<float>({2}, {1, 2}));
  const std::string b = world.put("b.npy", Tensor::of<float>({2}, {3, 4}));
  const std::vector<ModelInput> inputs{{"b", DType::f32, {-1}}, {"a", DType::f32, {-1}}};
  const auto open = [&](const Component& dataset) {
    return Dataloader({.batch_size = 2, .dataset = dataset, .transforms = {}}, inputs, 1);
  };
  const Batch batch = open({"npy", {{"inputs", {{"a", a}, {"b", b}}}}}).batch(0);
  CHECK(batch.inputs.at("b").values<float>()[0] == 3);
  CHECK(has(error_of([&] {
              open({"npy", {{"inputs", {{"a", a}, {"c", b}}}}});
            }),
            "nothing to the model's input b"));
  CHECK(has(error_of([&] { open({"npy", {{"input", a}}}); }), "2 inputs (b, a)"));
}

TEST_CASE("the prefetcher gives the batches from any start to the end") {
  const World world;
  const Dataloader batches = loader(world.counting(100), {-1, 1}, 10);
  for (const std::size_t ahead : {std::size_t{1}, std::size_t{3}, std::size_t{100}}) {
    Prefetcher prefetcher(batches, 4, 9, ahead);
    for (std::int64_t index = 4; index < 9; ++index) {
      const auto batch = prefetcher.next();
      REQUIRE(batch.has_value());
      CHECK(batch->index == index);
      CHECK(numbers(*batch) == numbers(batches.batch(index)));
    }
    CHECK(!prefetcher.next());
    CHECK(!prefetcher.next());
  }
  Prefetcher nothing(batches, 10, 10);
  CHECK(!nothing.next());
}

TEST_CASE("a prefetcher may go at any time") {
  const World world;
  const Dataloader batches = loader(world.counting(100), {-1, 1}, 1);
  for (int taken = 0; taken < 20; ++taken) {
    Prefetcher prefetcher(batches, 0, 100, 2);
    for (int i = 0; i < taken; ++i) CHECK(prefetcher.next()->index == i);
  }
}

TEST_CASE("what preparing a batch threw reaches the consumer after the batches before it") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "cat");
  for (const char* name : {"1.png", "2.png"}) {
    put_file(folder.path() / "cat" / name, png_of(Picture::gradient(2, 2), PNG_COLOR_TYPE_RGB));
  }
  put_file(folder.path() / "cat" / "3.png", "broken");
  const Component images{"ImageFolder", {{"root", folder.path().string()}}};
  const Dataloader batches = loader(images, {1, 2, 2, 3}, 1);
  Prefetcher prefetcher(batches, 0, 3);
  CHECK(prefetcher.next()->index == 0);
  CHECK(prefetcher.next()->index == 1);
  CHECK(has(error_of([&] { prefetcher.next(); }), "3.png"));
  CHECK(!prefetcher.next());
}

TEST_CASE("batches may be asked for from several threads") {
  const World world;
  const Dataloader batches = loader(world.counting(200), {-1, 1}, 10);
  std::vector<std::jthread> threads;
  std::vector<int> right(4, 0);
  for (std::size_t thread = 0; thread < right.size(); ++thread) {
    threads.emplace_back([&, thread] {
      for (std::int64_t index = 0; index < batches.batch_count(); ++index) {
        right[thread] += numbers(batches.batch(index)).front() == static_cast<float>(index * 10);
      }
    });
  }
  threads.clear();
  CHECK(right == std::vector<int>(4, 20));
}
