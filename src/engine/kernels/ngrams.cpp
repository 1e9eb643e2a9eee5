// TfIdfVectorizer: how often each known run of tokens occurs in a sequence.
#include <algorithm>
#include <array>
#include <map>

#include "engine/kernels/kernel.hpp"

namespace ampd::engine {
namespace {

using tensor::Shape;
using tensor::Tensor;

using Tokens = std::vector<std::int64_t>;

/// The known runs, each with its number in the pool, and what is made of their counts.
class Pool {
 public:
  explicit Pool(const KernelCall& call)
      : min_length_(positive(call, "min_gram_length")),
        max_length_(positive(call, "max_gram_length")),
        skips_(call.attributes().integer("max_skip_count", 0)),
        indexes_(call.attributes().integers("ngram_indexes")),
        mode_(call.attributes().text("mode", "TF")),
        weights_(call.attributes().reals("weights")) {
    if (mode_ != "TF" && mode_ != "IDF" && mode_ != "TFIDF") call.fail("has the mode " + mode_);
    if (skips_ < 0) call.fail("skips a negative number of tokens");
    if (!weights_.empty() && weights_.size() != indexes_.size()) {
      call.fail("has another number of weights than of ngram_indexes");
    }
    read(call);
  }

  void count(const Tokens& sequence, std::span<float> counts) const {
    const auto extent = std::ssize(sequence);
    for (std::int64_t length = min_length_; length <= max_length_; ++length) {
      // A single token has nothing to skip.
      const std::int64_t steps = length == 1 ? 1 : std::min(skips_ + 1, extent);
      for (std::int64_t step = 1; step <= steps; ++step) {
        for (std::int64_t first = 0; first + step * (length - 1) < extent; ++first) {
          Tokens run;
          for (std::int64_t i = 0; i < length; ++i) {
            run.push_back(sequence[static_cast<std::size_t>(first + i * step)]);
          }
          const auto found = numbers_.find(run);
          if (found == numbers_.end()) continue;
          float& entry = counts[static_cast<std::size_t>(indexes_[found->second])];
          entry = mode_ == "IDF" ? 1 : entry + 1;
        }
      }
    }
    if (mode_ == "TF" || weights_.empty()) return;
    std::vector<float> factors(counts.size(), 1);
    for (std::size_t i = 0; i < indexes_.size(); ++i) {
      factors[static_cast<std::size_t>(indexes_[i])] = weights_[i];
    }
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] *= factors[i];
  }

 private:
  static std::int64_t positive(const KernelCall& call, const char* name) {
    const std::int64_t value = call.attributes().integer(name, 0);
    if (value < 1) call.fail("has no positive " + std::string(name));
    return value;
  }

  void read(const KernelCall& call) {
    const Tokens tokens = call.attributes().integers("pool_int64s");
    const std::vector<std::int64_t> starts = call.attributes().integers("ngram_counts");
    std::size_t number = 0;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const auto length = static_cast<std::int64_t>(i) + 1;
      const std::int64_t end = i + 1 < starts.size() ? starts[i + 1] : std::ssize(tokens);
      if (starts[i] < 0 || end < starts[i] || end > std::ssize(tokens) ||
          (end - starts[i]) % length != 0) {
        call.fail("has ngram_counts that do not fit its pool");
      }
      for (std::int64_t start = starts[i]; start < end; start += length) {
        numbers_.emplace(Tokens(tokens.begin() + start, tokens.begin() + start + length), number++);
      }
    }
    if (number != indexes_.size()) {
      call.fail("has " + std::to_string(number) + " runs in its pool and " +
                std::to_string(indexes_.size()) + " ngram_indexes");
    }
  }

  std::int64_t min_length_;
  std::int64_t max_length_;
  std::int64_t skips_;
  std::vector<std::int64_t> indexes_;
  std::string mode_;
  std::vector<float> weights_;
  std::map<Tokens, std::size_t> numbers_;
};

bool run_ngrams(KernelCall& call) {
  const Pool pool(call);
  const Shape& shape = call.input(0).shape();
  const Tokens tokens = call.integers(0);
  const std::int64_t rows = shape.size() == 1 ? 1 : shape[0];
  const std::int64_t extent = shape.back();
  const std::span<float> counts = call.output(0).mutable_values<float>();
  const auto width = static_cast<std::size_t>(call.output(0).shape().back());
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto start = tokens.begin() + row * extent;
    pool.count(Tokens(start, start + extent),
               counts.subspan(static_cast<std::size_t>(row) * width, width));
  }
  return true;
}

constexpr std::array kernels{
    Kernel{"TfIdfVectorizer", Kernel::Kind::computes, run_ngrams},
};

}  // namespace

std::span<const Kernel> ngram_kernels() {
  return kernels;
}

}  // namespace ampd::engine
