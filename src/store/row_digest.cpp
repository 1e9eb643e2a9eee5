#include "store/row_digest.hpp"

#include "base/digest.hpp"
#include "store/encoding.hpp"

namespace ampd::store {

RowDigest& RowDigest::add(std::string_view text) {
  add(static_cast<std::int64_t>(text.size()));
  bytes_ += text;
  return *this;
}

RowDigest& RowDigest::add(std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  for (int shift = 0; shift < 64; shift += 8) {
    bytes_ += static_cast<char>(static_cast<unsigned char>(bits >> shift));
  }
  return *this;
}

ChainDigest RowDigest::finish() const {
  const std::string bytes = bytes_of_hex(base::sha256(bytes_));
  return chain_digest_of(std::string_view(bytes).substr(0, ChainDigest().size()));
}

}  // namespace ampd::store
