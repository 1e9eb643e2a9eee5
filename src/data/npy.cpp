#include "data/npy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <numeric>
#include <string_view>
#include <utility>

#include "ampd/error.hpp"
#include "base/limits.hpp"
#include "data/npy_file.hpp"
#include "data/transpose.hpp"

namespace ampd::data {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view magic = "\x93NUMPY";

struct Descriptor {
  std::string_view word;  // without the byte order
  DType dtype;
};
constexpr std::array<Descriptor, 12> descriptors{{{"f4", DType::f32},
                                                  {"f8", DType::f64},
                                                  {"f2", DType::f16},
                                                  {"i1", DType::i8},
                                                  {"u1", DType::u8},
                                                  {"i2", DType::i16},
                                                  {"u2", DType::u16},
                                                  {"i4", DType::i32},
                                                  {"u4", DType::u32},
                                                  {"i8", DType::i64},
                                                  {"u8", DType::u64},
                                                  {"b1", DType::boolean}}};

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(ErrorCode::invalid, name + " is not a valid .npy file: " + reason);
}

/// The Python literal in a header: a dictionary of texts, booleans and tuples of integers.
class Literal {
 public:
  Literal(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

  bool take(char c) {
    skip_spaces();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!take(c)) refuse(name_, std::string("its header lacks a ") + c);
  }

  std::string text() {
    skip_spaces();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) {
      if (!rest_.empty() && rest_.front() == '[') {
        throw Error(ErrorCode::unsupported,
                    name_ + " holds records; only arrays of plain numbers are read");
      }
      refuse(name_, "its header lacks a text");
    }
    const std::size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) refuse(name_, "a text in its header has no end");
    const std::string value(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return value;
  }

  bool boolean() {
    skip_spaces();
    for (const auto& [word, value] : {std::pair("True", true), std::pair("False", false)}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(std::strlen(word));
      return value;
    }
    refuse(name_, "fortran_order in its header is neither True nor False");
  }

  Shape shape() {
    Shape extents;
    expect('(');
    while (!take(')')) {
      if (static_cast<std::int64_t>(extents.size()) == base::limits::tensor_rank) {
        refuse(name_, "it has too many axes");
      }
      extents.push_back(extent());
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return extents;
  }

  bool is_at_end() {
    skip_spaces();
    return rest_.empty();
  }

 private:
  void skip_spaces() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }

  std::int64_t extent() {
    skip_spaces();
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (failure != std::errc() || value < 0) refuse(name_, "an extent in its header is no count");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (rest_.starts_with('L')) rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  const std::string& name_;
};

void describe(const std::string& descriptor, NpyHeader& header, const std::string& name) {
  const std::string_view order = std::string_view(descriptor).substr(0, 1);
  const std::string_view word = std::string_view(descriptor).substr(order.size());
  const auto* found = std::ranges::find(descriptors, word, &Descriptor::word);
  if (found == descriptors.end() || order.find_first_of("<>=|") != 0) {
    throw Error(ErrorCode::unsupported, name + " has elements of NumPy's type \"" + descriptor +
                                            "\"; only real numbers and booleans are read");
  }
  header.dtype = found->dtype;
  header.is_swapped = order == ">" && tensor::size_bytes(found->dtype) > 1;
}

template <class T>
T read_little_endian(std::span<const std::byte> bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

NpyHeader parse_dictionary(std::string_view text, const std::string& name) {
  NpyHeader header;
  Literal literal(text, name);
  std::vector<std::string> keys;
  literal.expect('{');
  while (!literal.take('}')) {
    keys.push_back(literal.text());
    literal.expect(':');
    if (keys.back() == "descr") {
      describe(literal.text(), header, name);
    } else if (keys.back() == "fortran_order") {
      header.is_fortran = literal.boolean();
    } else if (keys.back() == "shape") {
      header.shape = literal.shape();
    } else {
      refuse(name, "its header has a key that the format lacks");
    }
    if (!literal.take(',')) {
      literal.expect('}');
      break;
    }
  }
  std::ranges::sort(keys);
  if (keys != std::vector<std::string>{"descr", "fortran_order", "shape"}) {
    refuse(name, "its header must have descr, fortran_order and shape, once each");
  }
  if (!literal.is_at_end()) refuse(name, "its header has text after the dictionary");
  return header;
}

std::int64_t elements_bytes(const NpyHeader& header, const std::string& name) {
  std::int64_t bytes = tensor::size_bytes(header.dtype);
  for (const std::int64_t extent : header.shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) {
      refuse(name, "its shape " + tensor::to_string(header.shape) + " is too large");
    }
  }
  return bytes;
}

void swap_bytes(Tensor& tensor) {
  const auto bytes = tensor.mutable_bytes();
  const auto width = static_cast<std::size_t>(tensor::size_bytes(tensor.dtype()));
  for (std::size_t at = 0; at < bytes.size(); at += width) {
    std::ranges::reverse(bytes.subspan(at, width));
  }
}

/// The file's bytes are a row-major array of the reversed shape.
Tensor to_row_major(const Tensor& fortran) {
  Shape reversed(fortran.shape().rbegin(), fortran.shape().rend());
  std::vector<std::int64_t> permutation(reversed.size());
  std::iota(permutation.rbegin(), permutation.rend(), 0);
  return transpose(fortran.reshaped(std::move(reversed)), permutation);
}

}  // namespace

NpyHeader read_npy_header(std::span<const std::byte> bytes, const std::string& name) {
  if (bytes.size() < magic.size() + 2 ||
      std::memcmp(bytes.data(), magic.data(), magic.size()) != 0) {
    refuse(name, "it does not begin with \\x93NUMPY");
  }
  const auto version = std::to_integer<int>(bytes[magic.size()]);
  if (version < 1 || version > 3) refuse(name, "its format version is not 1, 2 or 3");
  const std::size_t start = magic.size() + 2 + (version == 1 ? 2 : 4);
  if (bytes.size() < start) refuse(name, "its header is cut short");
  const std::size_t length = version == 1
                                 ? read_little_endian<std::uint16_t>(bytes, magic.size() + 2)
                                 : read_little_endian<std::uint32_t>(bytes, magic.size() + 2);
  if (start + length > static_cast<std::size_t>(NpyHeader::size_bytes_max)) {
    refuse(name, "its header is too long");
  }
  if (bytes.size() < start + length) refuse(name, "its header is cut short");
  NpyHeader header =
      parse_dictionary({reinterpret_cast<const char*>(bytes.data() + start), length}, name);
  header.size_bytes = static_cast<std::int64_t>(start + length);
  return header;
}

void check_size(const NpyHeader& header, std::int64_t file_bytes, const std::string& name) {
  const std::int64_t wanted = elements_bytes(header, name);
  const std::int64_t found = file_bytes - header.size_bytes;
  if (found != wanted) {
    refuse(name, "after its header there are " + std::to_string(found) + " bytes where " +
                     std::string(tensor::to_string(header.dtype)) + " of shape " +
                     tensor::to_string(header.shape) + " takes " + std::to_string(wanted));
  }
}

Tensor normalised(Tensor stored, const NpyHeader& header) {
  if (header.is_swapped) swap_bytes(stored);
  if (header.dtype == DType::boolean) {
    for (std::byte& value : stored.mutable_bytes()) value = std::byte{value != std::byte{0}};
  }
  return header.is_fortran && header.shape.size() > 1 ? to_row_major(stored) : stored;
}

Tensor read_npy(const std::filesystem::path& path) {
  return NpyFile(path).read();
}

Tensor read_npy(std::span<const std::byte> bytes, const std::string& name) {
  const NpyHeader header = read_npy_header(bytes, name);
  check_size(header, static_cast<std::int64_t>(bytes.size()), name);
  Tensor stored(header.dtype, header.shape);
  if (stored.size() > 0) {
    std::memcpy(stored.mutable_bytes().data(), bytes.data() + header.size_bytes,
                stored.bytes().size());
  }
  return normalised(std::move(stored), header);
}

std::string write_npy(const Tensor& tensor) {
  if (tensor.dtype() == DType::bf16) return write_npy(convert(tensor, DType::f32));
  const auto* descriptor = std::ranges::find(descriptors, tensor.dtype(), &Descriptor::dtype);
  const char order = tensor::size_bytes(tensor.dtype()) == 1 ? '|' : '<';
  std::string shape;
  for (const std::int64_t extent : tensor.shape()) shape += std::to_string(extent) + ", ";
  if (tensor.shape().size() > 1) shape.resize(shape.size() - 2);
  if (tensor.shape().size() == 1) shape.resize(shape.size() - 1);

  std::string header = std::string("{'descr': '") + order + std::string(descriptor->word) +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  const std::size_t prefix = magic.size() + 4;
  header.append(63 - (prefix + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes(magic);
  bytes += {'\x01', '\x00', static_cast<char>(header.size() & 0xff),
            static_cast<char>(header.size() >> 8)};
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(tensor.bytes().data()), tensor.bytes().size());
  return bytes;
}

}  // namespace ampd::data
