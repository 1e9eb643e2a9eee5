#include "tensor/tensor.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"

using namespace ampd::tensor;

TEST_CASE("a tensor holds its values, aligned, and shares them between copies") {
  const Tensor tensor = Tensor::of<std::int32_t>({2, 2}, {1, 2, 3, 4});
  CHECK(tensor.dtype() == DType::i32);
  CHECK(reinterpret_cast<std::uintptr_t>(tensor.bytes().data()) % 64 == 0);
  CHECK(tensor.reshaped({4}).bytes().data() == tensor.bytes().data());
}

TEST_CASE("conversion follows ONNX Cast") {
  const Tensor source = Tensor::of<float>({4}, {-1.5F, 0.0F, 2.7F, 300.0F});
  CHECK(convert(source, DType::i32).values<std::int32_t>()[0] == -1);
  CHECK(convert(source, DType::i32).values<std::int32_t>()[2] == 2);
  CHECK(convert(source, DType::boolean).values<bool>()[1] == false);
  CHECK(convert(source, DType::boolean).values<bool>()[2] == true);
  CHECK(convert(convert(source, DType::bf16), DType::f32).values<float>()[3] == 300.0F);
}

TEST_CASE("a tensor beyond the limit is refused by name") {
  CHECK_THROWS_AS(Tensor(DType::f32, {std::int64_t{1} << 40}), ampd::Error);
}
