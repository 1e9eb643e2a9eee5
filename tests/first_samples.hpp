// The first samples of a .npy file as a file of its own, for tests that need not see them all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>

#include "base/files.hpp"
#include "data/npy.hpp"

/// `target` gets the first `count` of the rows of `file`, which has more.
inline void write_first_samples(const std::filesystem::path& file, std::int64_t count,
                                const std::filesystem::path& target) {
  using ampd::tensor::Tensor;
  const Tensor all = ampd::data::read_npy(file);
  ampd::tensor::Shape shape = all.shape();
  shape.front() = count;
  Tensor first(all.dtype(), shape);
  std::ranges::copy(all.bytes().first(first.bytes().size()), first.mutable_bytes().begin());
  ampd::base::write_file(target, ampd::data::write_npy(first));
}
