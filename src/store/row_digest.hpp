// The digest of a row: over every field with its length, so that no two rows share one.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/trial_record.hpp"

namespace ampd::store {

class RowDigest {
 public:
  RowDigest& add(std::string_view text);
  RowDigest& add(std::int64_t number);
  RowDigest& add(double number) { return add(std::bit_cast<std::int64_t>(number)); }
  template <class Value>
  RowDigest& add(const std::optional<Value>& value) {
    add(std::int64_t{value.has_value()});
    return value ? add(*value) : *this;
  }

  ChainDigest finish() const;

 private:
  std::string bytes_;
};

}  // namespace ampd::store
