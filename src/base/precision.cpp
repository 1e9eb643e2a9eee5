#include "ampd/precision.hpp"

namespace ampd {

std::string_view to_string(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return "fp32";
    case Precision::bf16:
      return "bf16";
    case Precision::fp16:
      return "fp16";
    case Precision::int8:
      return "int8";
  }
  return "fp32";
}

std::optional<Precision> parse_precision(std::string_view word) {
  for (const Precision precision : all_precisions) {
    if (to_string(precision) == word) return precision;
  }
  return std::nullopt;
}

std::int64_t size_bytes(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return 4;
    case Precision::bf16:
    case Precision::fp16:
      return 2;
    case Precision::int8:
      return 1;
  }
  return 4;
}

}  // namespace ampd
