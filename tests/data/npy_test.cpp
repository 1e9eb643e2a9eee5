#include "data/npy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "damage.hpp"
#include "data/npy_file.hpp"
#include "temporary_folder.hpp"
#include "tensor/half.hpp"

using namespace ampd::data;
using ampd::tensor::DType;
using ampd::tensor::Shape;
using ampd::tensor::Tensor;
using namespace std::string_literals;

namespace {

std::string npy(const std::string& dictionary, const std::string& elements, char version = 1) {
  const auto length = static_cast<char>(dictionary.size());
  const std::string size = version == 1 ? std::string{length, 0} : std::string{length, 0, 0, 0};
  return "\x93NUMPY"s + version + '\0' + size + dictionary + elements;
}

std::string header(const std::string& descriptor, const std::string& shape,
                   const std::string& fortran = "False") {
  return "{'descr': '" + descriptor + "', 'fortran_order': " + fortran + ", 'shape': " + shape +
         ", }\n";
}

Tensor parse(const std::string& bytes) {
  return read_npy(as_span(bytes), "x.npy");
}

template <class T>
std::vector<T> elements(const Tensor& tensor) {
  return {tensor.values<T>().begin(), tensor.values<T>().end()};
}

std::string sentence(const std::string& bytes) {
  return error_of([&] { parse(bytes); });
}

}  // namespace

TEST_CASE("every type that NumPy knows comes back as it was written") {
  const Tensor source = Tensor::of<float>({2, 3}, {0, 1, 2, 100, 1, 0});
  for (const DType dtype :
       {DType::f32, DType::f64, DType::f16, DType::i8, DType::u8, DType::i16, DType::u16,
        DType::i32, DType::u32, DType::i64, DType::u64, DType::boolean}) {
    const Tensor written = convert(source, dtype);
    const Tensor tensor = parse(write_npy(written));
    CAPTURE(ampd::tensor::to_string(dtype));
    CHECK(tensor.dtype() == dtype);
    CHECK(tensor.shape() == Shape{2, 3});
    CHECK(std::ranges::equal(tensor.bytes(), written.bytes()));
  }
}

TEST_CASE("bfloat16 is written as float32") {
  const Tensor tensor =
      parse(write_npy(convert(Tensor::of<float>({2}, {1.5F, -3.0F}), DType::bf16)));
  CHECK(tensor.dtype() == DType::f32);
  CHECK(elements<float>(tensor) == std::vector<float>{1.5F, -3.0F});
}

TEST_CASE("scalars, vectors and empty arrays keep their shapes") {
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{0}, Shape{3, 0, 2}, Shape(12, 1)}) {
    CHECK(parse(write_npy(Tensor(DType::i16, shape))).shape() == shape);
  }
}

TEST_CASE("what is written begins its elements at a multiple of 64 bytes") {
  for (std::int64_t rank = 0; rank <= 12; ++rank) {
    const Tensor tensor(DType::u8, Shape(static_cast<std::size_t>(rank), 1));
    CHECK((write_npy(tensor).size() - 1) % 64 == 0);
  }
}

TEST_CASE("big-endian and Fortran-ordered elements come out native and row-major") {
  const std::string big = npy(header(">i2", "(2,)"), "\x01\x02\x03\x04");
  CHECK(elements<std::int16_t>(parse(big)) == std::vector<std::int16_t>{0x0102, 0x0304});
  const std::string fortran = npy(header("|u1", "(2, 3)", "True"), "\1\4\2\5\3\6");
  CHECK(elements<std::uint8_t>(parse(fortran)) == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6});
  const std::string cube = npy(header("|u1", "(2, 2, 2)", "True"), "\1\5\3\7\2\6\4\10");
  CHECK(elements<std::uint8_t>(parse(cube)) == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("format versions 2 and 3 and other spellings of the header are read") {
  CHECK(parse(npy(header("<f4", "(0,)"), "", 2)).shape() == Shape{0});
  CHECK(parse(npy(header("<f4", "(0,)"), "", 3)).shape() == Shape{0});
  CHECK(parse(npy("{ \"shape\":(1L,2),'fortran_order':False , 'descr':'|b1'}", "\0\5"s))
            .values<bool>()[1]);
}

TEST_CASE("an invalid file is refused with the reason") {
  const auto refused = [](const std::string& bytes, const std::string& reason) {
    const std::string error = sentence(bytes);
    CAPTURE(error);
    CHECK(error.find("x.npy") == 0);
    CHECK(error.find(reason) != std::string::npos);
  };
  refused("PK\3\4 something else", "does not begin");
  refused(npy(header("<f4", "(2,)"), "1234567"), "takes 8");
  refused(npy(header("<f4", "(2,)"), "123456789"), "there are 9 bytes");
  refused(npy(header("<f4", "(-2,)"), ""), "is no count");
  refused(npy(header("<f4", "(4611686018427387904, 4)"), ""), "too large");
  refused(npy(header("<f4", "(1,1,1,1,1,1,1,1,1,1,1,1,1)"), "1234"), "too many axes");
  refused(npy(header("<c8", "(1,)"), "12345678"), "only real numbers");
  refused(npy(header("|O", "(1,)"), "12345678"), "only real numbers");
  refused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "1234"),
          "records");
  refused(npy("{'descr': '<f4', 'shape': (1,)}", "1234"), "once each");
  refused(npy(header("<f4", "(1,)", "Maybe"), "1234"), "neither");
  refused("\x93NUMPY\x02\0\xff\xff\xff\xff"s, "too long");
  refused("\x93NUMPY\x04\0\0\0\0\0"s, "version");
}

TEST_CASE("a damaged .npy file gives an error or an array, never a crash") {
  const std::string bytes = write_npy(Tensor::of<std::int32_t>({2, 2}, {1, 2, 3, 4}));
  check_every_prefix_is_refused(bytes, parse);
  check_every_byte_may_be_damaged(bytes, parse);
}

TEST_CASE("rows are read from the file one by one") {
  const TemporaryFolder folder;
  const auto path = folder / "x.npy";
  for (const std::string& bytes :
       {write_npy(Tensor::of<std::int16_t>({3, 2}, {1, 2, 3, 4, 5, 6})),
        npy(header(">i2", "(3, 2)", "True"), "\0\1\0\3\0\5\0\2\0\4\0\6"s)}) {
    put_file(path, bytes);
    const NpyFile file(path);
    CHECK(file.shape() == Shape{3, 2});
    CHECK(file.row(1).shape() == Shape{2});
    CHECK(elements<std::int16_t>(file.row(2)) == std::vector<std::int16_t>{5, 6});
    CHECK(elements<std::int16_t>(file.read()) == std::vector<std::int16_t>{1, 2, 3, 4, 5, 6});
  }
}

TEST_CASE("a file that shrinks while it is open is an error that names it") {
  const TemporaryFolder folder;
  const auto path = folder / "x.npy";
  put_file(path, write_npy(Tensor(DType::f32, {100, 4})));
  const NpyFile file(path);
  std::filesystem::resize_file(path, 1000);
  CHECK(file.row(0).size() == 4);
  CHECK(error_of([&] { file.row(99); }).find("became shorter") != std::string::npos);
}

TEST_CASE("a missing file and a folder are refused by name") {
  const TemporaryFolder folder;
  CHECK(error_of([&] { read_npy(folder / "none.npy"); }).find("none.npy") != std::string::npos);
  CHECK(error_of([&] { read_npy(folder.path()); }).find("not a regular file") != std::string::npos);
}

TEST_CASE("the shared arrays have the shapes that their description gives") {
  const auto images = shared("data/cifar10_test_x.npy");
  if (!images) return;
  const NpyFile file(*images);
  CHECK(file.shape() == Shape{10'000, 3, 32, 32});
  CHECK(file.dtype() == DType::u8);
  CHECK(read_npy(*shared("data/cifar10_test_y.npy")).shape() == Shape{10'000});
  CHECK(read_npy(*shared("data/shakespeare_x.npy")).shape() == Shape{1'742, 64});
}
