#include "graph/einsum.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "graph/node_error.hpp"

namespace ampd::graph {
namespace {

constexpr std::size_t ellipsis_axes_max = 16;

class EinsumParser {
 public:
  EinsumParser(const Node& node, const std::vector<std::size_t>& ranks)
      : node_(node), ranks_(ranks) {
    for (const char character : node.attributes.text("equation", "")) {
      if (character != ' ') equation_ += character;
    }
  }

  Einsum parse() {
    const std::size_t arrow = equation_.find("->");
    const std::vector<std::string> terms = split(equation_.substr(0, arrow));
    if (terms.size() != ranks_.size()) fail("names another number of inputs than it has");
    result_.label_count = ellipsis_axes_max;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      result_.inputs.push_back(labels(terms[i], ranks_[i]));
    }
    if (arrow != std::string::npos) {
      result_.output = labels(equation_.substr(arrow + 2), std::nullopt);
    } else {
      implicit_output();
    }
    check_output();
    return result_;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw NodeError(node_, "has the equation " + equation_ + ", which " + what);
  }

  static std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> terms{""};
    for (const char character : list) {
      if (character == ',') {
        terms.emplace_back();
      } else {
        terms.back() += character;
      }
    }
    return terms;
  }

  std::size_t label(char letter) {
    const bool is_letter = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    if (!is_letter) fail("holds the character " + std::string(1, letter));
    const auto [known, is_new] = letters_.emplace(letter, result_.label_count);
    if (is_new) ++result_.label_count;
    ++uses_[letter];
    return known->second;
  }

  /// An input's ellipsis takes what its letters leave of the rank; the output's takes all.
  std::vector<std::size_t> labels(const std::string& term, std::optional<std::size_t> rank) {
    const std::size_t dots = term.find("...");
    const std::size_t letters = dots == std::string::npos ? term.size() : term.size() - 3;
    std::size_t spread = 0;
    if (rank) {
      if (letters > *rank || (dots == std::string::npos && letters != *rank)) {
        fail("does not fit an input of " + std::to_string(*rank) + " axes");
      }
      spread = *rank - letters;
      ellipsis_ = std::max(ellipsis_, spread);
    } else if (dots != std::string::npos) {
      spread = ellipsis_;
    }
    if (spread > ellipsis_axes_max) fail("stands for too many axes");
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < term.size(); ++i) {
      if (i == dots) {
        for (std::size_t axis = 0; axis < spread; ++axis) {
          result.push_back(ellipsis_axes_max - spread + axis);
        }
        i += 2;
      } else {
        result.push_back(label(term[i]));
      }
    }
    return result;
  }

  /// Without an arrow: the ellipsis, then the letters that appear once, in alphabetical order.
  void implicit_output() {
    for (std::size_t axis = 0; axis < ellipsis_; ++axis) {
      result_.output.push_back(ellipsis_axes_max - ellipsis_ + axis);
    }
    for (const auto& [letter, uses] : uses_) {
      if (uses == 1) result_.output.push_back(letters_.at(letter));
    }
  }

  void check_output() const {
    for (std::size_t i = 0; i < result_.output.size(); ++i) {
      const std::size_t wanted = result_.output[i];
      const bool is_made = std::ranges::any_of(result_.inputs, [wanted](const auto& input) {
        return std::ranges::find(input, wanted) != input.end();
      });
      const bool is_repeated =
          std::find(result_.output.begin(), result_.output.begin() + static_cast<std::ptrdiff_t>(i),
                    wanted) != result_.output.begin() + static_cast<std::ptrdiff_t>(i);
      if (!is_made || is_repeated) fail("has an output axis that no input has, or one twice");
    }
  }

  const Node& node_;
  const std::vector<std::size_t>& ranks_;
  std::string equation_;
  std::map<char, std::size_t> letters_;
  std::map<char, int> uses_;
  std::size_t ellipsis_ = 0;
  Einsum result_;
};

}  // namespace

Einsum parse_einsum(const Node& node, const std::vector<std::size_t>& ranks) {
  return EinsumParser(node, ranks).parse();
}

tensor::Shape einsum_extents(const Node& node, const Einsum& einsum,
                             const std::vector<tensor::Shape>& shapes) {
  tensor::Shape extents(einsum.label_count, 1);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    for (std::size_t axis = 0; axis < shapes[i].size(); ++axis) {
      std::int64_t& extent = extents[einsum.inputs[i][axis]];
      const std::int64_t own = shapes[i][axis];
      if (extent == 1 || (extent < 0 && own > 1)) {
        extent = own;
      } else if (own > 1 && own != extent) {
        throw NodeError(node, "has inputs that disagree about an axis: " + std::to_string(extent) +
                                  " and " + std::to_string(own));
      }
    }
  }
  return extents;
}

}  // namespace ampd::graph
