#include "data/npz_file.hpp"

#include <doctest/doctest.h>

#include "damage.hpp"
#include "data/inflate.hpp"
#include "data/npy.hpp"
#include "temporary_folder.hpp"
#include "zip_writer.hpp"

using namespace ampd::data;
using ampd::tensor::DType;
using ampd::tensor::Shape;
using ampd::tensor::Tensor;

namespace {

std::string archive(bool deflated, bool zip64 = false) {
  ZipWriter zip;
  zip.deflated = deflated;
  zip.zip64 = zip64;
  zip.add("x.npy", write_npy(Tensor::of<std::int32_t>({2, 2}, {1, 2, 3, 4})));
  zip.add("y.npy", write_npy(Tensor::of<std::int64_t>({2}, {7, 9})));
  return zip.finish();
}

class Archive {
 public:
  NpzFile open(const std::string& bytes) const {
    put_file(folder_ / "a.npz", bytes);
    return NpzFile(folder_ / "a.npz");
  }
  Tensor read_x(const std::string& bytes) const { return open(bytes).read("x"); }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("an archive gives its arrays by name, stored, deflated or with 64-bit sizes") {
  const Archive folder;
  for (const std::string& bytes : {archive(false), archive(true), archive(false, true)}) {
    const NpzFile file = folder.open(bytes);
    CHECK(file.names() == std::vector<std::string>{"x", "y"});
    CHECK(file.read("x").shape() == Shape{2, 2});
    CHECK(file.read("y").values<std::int64_t>()[1] == 9);
    CHECK(error_of([&] { file.read("z"); }).find("it has: x, y") != std::string::npos);
  }
}

TEST_CASE("a damaged archive gives an error or an array, never a crash") {
  const Archive folder;
  for (const std::string& bytes : {archive(false), archive(true), archive(true, true)}) {
    const auto read = [&](const std::string& damaged) { return folder.read_x(damaged); };
    for (std::size_t length = 0; length < bytes.size(); length += 3) {
      CHECK_THROWS_AS(read(bytes.substr(0, length)), ampd::Error);
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
      check_read_or_refused(damaged, read);
    }
  }
}

TEST_CASE("an array whose bytes changed is refused by its checksum") {
  const Archive folder;
  std::string bytes = archive(false);
  bytes[bytes.find("NUMPY") + 125] ^= 1;
  CHECK(error_of([&] { folder.read_x(bytes); }).find("checksum") != std::string::npos);
}

TEST_CASE("gzip members in a row decompress to their contents in a row") {
  const std::string bytes = compressed("first ", 31) + compressed("second", 31);
  const auto result = inflate(as_span(bytes), Compression::gzip, 100, "x.gz");
  CHECK(std::string(reinterpret_cast<const char*>(result.data()), result.size()) == "first second");
  check_every_prefix_is_refused(compressed("some words", 31), [](const std::string& damaged) {
    inflate(as_span(damaged), Compression::gzip, 100, "x.gz");
  });
}

TEST_CASE("what decompresses beyond the limit is refused") {
  const std::string bytes = compressed(std::string(1 << 20, 'a'), 31);
  CHECK(error_of([&] {
          inflate(as_span(bytes), Compression::gzip, 1 << 19, "x.gz");
        }).find("limit") != std::string::npos);
}
