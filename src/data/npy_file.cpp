#include "data/npy_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "ampd/error.hpp"
#include "base/check.hpp"

namespace ampd::data {
namespace {

using tensor::Shape;
using tensor::Tensor;

std::int64_t regular_size_bytes(const base::FileDescriptor& file, const std::string& name) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) base::throw_system_error("cannot read", name, errno);
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::invalid, name + " is not a regular file");
  return status.st_size;
}

void read_exactly(const base::FileDescriptor& file, std::int64_t offset_bytes,
                  std::span<std::byte> bytes, const std::string& name) {
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::pread(file.get(), bytes.data() + filled, bytes.size() - filled,
                                offset_bytes + static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) base::throw_system_error("cannot read", name, errno);
    if (got == 0) throw Error(ErrorCode::io, name + " became shorter while it was being read");
    filled += static_cast<std::size_t>(got);
  }
}

Shape without_first(const Shape& shape) {
  return {shape.begin() + 1, shape.end()};
}

}  // namespace

NpyFile::NpyFile(const std::filesystem::path& path)
    : name_(path.string()), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (!file_.is_open()) base::throw_system_error("cannot open", path, errno);
  const std::int64_t size_bytes = regular_size_bytes(file_, name_);
  std::vector<std::byte> start(
      static_cast<std::size_t>(std::min(size_bytes, NpyHeader::size_bytes_max)));
  read_exactly(file_, 0, start, name_);
  header_ = read_npy_header(start, name_);
  check_size(header_, size_bytes, name_);
  if (header_.is_fortran && header_.shape.size() > 1) whole_ = read();
}

Tensor NpyFile::read_at(std::int64_t offset_bytes, Shape shape) const {
  Tensor stored(header_.dtype, std::move(shape));
  read_exactly(file_, header_.size_bytes + offset_bytes, stored.mutable_bytes(), name_);
  return stored;
}

Tensor NpyFile::read() const {
  return whole_ ? *whole_ : normalised(read_at(0, header_.shape), header_);
}

Tensor NpyFile::row(std::int64_t index) const {
  if (whole_) return row_of(*whole_, index);
  AMPD_CHECK(!header_.shape.empty() && index >= 0 && index < header_.shape.front());
  Shape shape = without_first(header_.shape);
  const std::int64_t row_bytes = tensor::element_count(shape) * tensor::size_bytes(header_.dtype);
  return normalised(read_at(index * row_bytes, std::move(shape)), header_);
}

Tensor row_of(const Tensor& array, std::int64_t index) {
  AMPD_CHECK(!array.shape().empty() && index >= 0 && index < array.shape().front());
  Tensor row(array.dtype(), without_first(array.shape()));
  const std::size_t row_bytes = row.bytes().size();
  if (row_bytes > 0) {
    std::memcpy(row.mutable_bytes().data(),
                array.bytes().data() + static_cast<std::size_t>(index) * row_bytes, row_bytes);
  }
  return row;
}

}  // namespace ampd::data
