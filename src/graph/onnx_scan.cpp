#include "graph/onnx_scan.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <array>

namespace ampd::graph {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

struct Message;

/// A field of a message that holds messages of another kind.
struct Part {
  int field;
  const Message* message;
};

/// The messages of ONNX that can hold many others; what they do not list is a name, a number or a
/// small record.
struct Message {
  std::array<Part, 8> parts;
};

extern const Message attribute;
extern const Message graph;

const Message plain{{}};
const Message tensor{{Part{13, &plain}}};
const Message node{{Part{5, &attribute}}};
const Message tensor_type{{Part{2, &plain}}};
const Message type{{Part{1, &tensor_type}}};
const Message value_info{{Part{2, &type}}};
const Message function{{Part{7, &node}}};
const Message attribute{{Part{5, &tensor}, Part{6, &graph}, Part{10, &tensor}, Part{11, &graph}}};
const Message graph{{Part{1, &node}, Part{5, &tensor}, Part{11, &value_info}, Part{12, &value_info},
                     Part{13, &value_info}, Part{14, &plain}}};
const Message training{{Part{1, &graph}, Part{2, &graph}}};
const Message model{{Part{7, &graph}, Part{20, &training}, Part{25, &function}}};

class Counter {
 public:
  Counter(std::span<const std::byte> bytes, std::int64_t parts_max)
      : stream_(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                static_cast<int>(bytes.size())),
        parts_max_(parts_max) {}

  std::int64_t run() {
    count(model);
    return count_;
  }

 private:
  bool count(const Message& message) {
    while (const std::uint32_t tag = stream_.ReadTag()) {
      if (is_delimited(tag) && ++count_ > parts_max_) return false;
      const Message* inner = part_of(message, tag);
      if (inner == nullptr) {
        if (!WireFormatLite::SkipField(&stream_, tag)) return false;
        continue;
      }
      std::uint32_t size = 0;
      if (!stream_.ReadVarint32(&size) || size > INT32_MAX) return false;
      if (!stream_.IncrementRecursionDepth()) return false;
      const CodedInputStream::Limit limit = stream_.PushLimit(static_cast<int>(size));
      if (!count(*inner)) return false;
      stream_.PopLimit(limit);
      stream_.DecrementRecursionDepth();
    }
    return true;
  }

  static bool is_delimited(std::uint32_t tag) {
    return WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
  }

  static const Message* part_of(const Message& message, std::uint32_t tag) {
    if (!is_delimited(tag)) return nullptr;
    for (const Part& part : message.parts) {
      if (part.message != nullptr && part.field == WireFormatLite::GetTagFieldNumber(tag)) {
        return part.message;
      }
    }
    return nullptr;
  }

  CodedInputStream stream_;
  std::int64_t parts_max_;
  std::int64_t count_ = 0;
};

}  // namespace

std::int64_t count_parts(std::span<const std::byte> bytes, std::int64_t parts_max) {
  return Counter(bytes, parts_max).run();
}

}  // namespace ampd::graph
