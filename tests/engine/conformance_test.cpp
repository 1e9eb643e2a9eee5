// The operators of ONNX as programs, against the conformance cases of the shared folder.
#include <set>

#include "ampd/error.hpp"
#include "conformance_case.hpp"
#include "shared_folder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;
namespace fs = std::filesystem;

namespace {

/// How far the worst element is outside of the suite's bounds; a bfloat16 may be off by its last
/// bit, since the suite's own conversion cuts off where ours rounds.
double excess(const Tensor& found, const Tensor& expected) {
  if (found.dtype() != expected.dtype() || found.shape() != expected.shape()) return 1e30;
  if (!tensor::is_floating(found.dtype())) return worst_ratio(found, expected, 0, 0);
  const double rtol = found.dtype() == DType::bf16 ? 1.0 / 128 : 1e-3;
  return worst_ratio(tensor::convert(found, DType::f32), tensor::convert(expected, DType::f32),
                     rtol, 1e-7);
}

}  // namespace

TEST_CASE("programs pass the conformance cases that are supported") {
  std::size_t passed = 0;
  for (const char* suite :
       {"onnx/node", "onnx/simple", "onnx/pytorch-operator", "onnx/pytorch-converted"}) {
    const auto folder = shared_file(suite);
    if (!folder) return;
    for (const auto& entry : fs::directory_iterator(*folder)) {
      CAPTURE(entry.path().string());
      try {
        const ConformanceCase c = read_case(entry.path());
        const std::vector<Tensor> found = run(c.graph, c.inputs);
        REQUIRE(found.size() == c.outputs.size());
        for (std::size_t k = 0; k < found.size(); ++k) CHECK(excess(found[k], c.outputs[k]) <= 1);
        ++passed;
      } catch (const Error& error) {
        CAPTURE(error.what());
        CHECK(error.code() == ErrorCode::unsupported);
      }
    }
  }
  MESSAGE(passed << " cases passed");
  CHECK(passed > 400);
}
