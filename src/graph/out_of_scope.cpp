#include "graph/out_of_scope.hpp"

#include <algorithm>
#include <array>

namespace ampd::graph {
namespace {

struct Entry {
  std::string_view op_type;
  std::string_view reason;
};

constexpr std::string_view random = "draws random numbers";
constexpr std::string_view sequences = "works on sequences";
constexpr std::string_view optionals = "works on optional values";
constexpr std::string_view strings = "works on strings";

constexpr std::array entries{
    Entry{"Bernoulli", random},
    Entry{"ConcatFromSequence", sequences},
    Entry{"Multinomial", random},
    Entry{"Optional", optionals},
    Entry{"OptionalGetElement", optionals},
    Entry{"OptionalHasElement", optionals},
    Entry{"RandomNormal", random},
    Entry{"RandomNormalLike", random},
    Entry{"RandomUniform", random},
    Entry{"RandomUniformLike", random},
    Entry{"RegexFullMatch", strings},
    Entry{"SequenceAt", sequences},
    Entry{"SequenceConstruct", sequences},
    Entry{"SequenceEmpty", sequences},
    Entry{"SequenceErase", sequences},
    Entry{"SequenceInsert", sequences},
    Entry{"SequenceLength", sequences},
    Entry{"SequenceMap", sequences},
    Entry{"SplitToSequence", sequences},
    Entry{"StringConcat", strings},
    Entry{"StringNormalizer", strings},
    Entry{"StringSplit", strings},
};

}  // namespace

std::string_view reason_out_of_scope(std::string_view op_type) {
  if (op_type.starts_with("ai.onnx.preview.training.") ||
      op_type.starts_with("ai.onnx.training.")) {
    return "trains";
  }
  const auto found = std::ranges::find(entries, op_type, &Entry::op_type);
  return found != entries.end() ? found->reason : "";
}

}  // namespace ampd::graph
