#include "evaluation/job_inputs.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "ampd/error.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;

namespace {

constexpr std::int64_t batches = 6;

JobInputs open(const SmallModel& small) {
  return {*small.load(), small.job("topk: 1")};
}

std::vector<data::Batch> rest_of(BatchStream& stream) {
  std::vector<data::Batch> read;
  while (auto batch = stream.next()) read.push_back(*std::move(batch));
  return read;
}

std::vector<data::Batch> read(const JobInputs& inputs, std::int64_t first = 0) {
  BatchStream stream(inputs, first);
  return rest_of(stream);
}

bool is_same(const tensor::Tensor& a, const tensor::Tensor& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.bytes(), b.bytes());
}

bool is_same(const data::Batch& a, const data::Batch& b) {
  return a.index == b.index && a.samples == b.samples &&
         is_same(a.inputs.at("x"), b.inputs.at("x")) && is_same(*a.labels, *b.labels);
}

/// Reads to the end and keeps the first batches.
void keep_first(JobInputs& inputs, std::int64_t count) {
  for (data::Batch& batch : read(inputs)) {
    if (batch.index < count && inputs.can_keep(batch)) inputs.keep(std::move(batch));
  }
}

}  // namespace

TEST_CASE("a stream is the same from any batch on, however many batches are kept") {
  const SmallModel small;
  const std::vector<data::Batch> expected = read(open(small));
  REQUIRE(expected.size() == batches);
  for (std::int64_t kept = 0; kept <= batches; ++kept) {
    CAPTURE(kept);
    JobInputs inputs = open(small);
    keep_first(inputs, kept);
    CHECK(inputs.kept_batches() == kept);
    for (std::int64_t first = 0; first <= batches; ++first) {
      const auto wanted = std::span(expected).subspan(static_cast<std::size_t>(first));
      CHECK(std::ranges::equal(read(inputs, first), wanted,
                               [](const auto& a, const auto& b) { return is_same(a, b); }));
    }
  }
}

TEST_CASE("what is kept is read from no file") {
  const SmallModel small;
  JobInputs inputs = open(small);
  keep_first(inputs, 2);
  small.empty_data();
  BatchStream stream(inputs);
  CHECK(stream.next()->index == 0);
  CHECK(stream.next()->index == 1);
  CHECK_THROWS_AS(stream.next(), Error);
}

TEST_CASE("batches are kept from the first on, in their order") {
  const SmallModel small;
  JobInputs inputs = open(small);
  const std::vector<data::Batch> all = read(inputs);
  CHECK(!inputs.can_keep(all[1]));
  inputs.keep(all[0]);
  CHECK(!inputs.can_keep(all[0]));
  CHECK(inputs.can_keep(all[1]));
}

TEST_CASE("kept batches yield the bytes asked for, the last ones first, or none") {
  const SmallModel small;
  JobInputs inputs = open(small);
  const std::vector<data::Batch> all = read(inputs);
  keep_first(inputs, batches);
  const std::int64_t whole_bytes = inputs.kept_bytes();
  CHECK(whole_bytes == 5 * size_bytes(all[0]) + size_bytes(all[5]));
  inputs.forget(whole_bytes + 1);
  CHECK(inputs.kept_batches() == batches);
  inputs.forget(size_bytes(all[5]) + 1);
  CHECK(inputs.kept_batches() == 4);
  CHECK(inputs.kept_bytes() == 4 * size_bytes(all[0]));
  CHECK(!inputs.can_keep(all[4]));
  CHECK(read(inputs).size() == batches);
}
