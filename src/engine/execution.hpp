// A compiled program, and the memory in which it is executed: one for each execution that goes on
// at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/memory_plan.hpp"
#include "engine/program.hpp"
#include "engine/step.hpp"
#include "tensor/tensor.hpp"

namespace ampd::engine {

struct Port {
  std::string name;
  tensor::DType dtype = tensor::DType::f32;
  tensor::Shape shape;
};

/// Does not change any more, and is executed from several threads.
struct Compiled {
  std::vector<Port> inputs;
  std::vector<Port> outputs;  // of each assignment
  std::size_t assignments_count = 0;
  std::deque<StoredValue> values;
  std::vector<Step> steps;
  MemoryPlan plan;
  std::int64_t scratchpad_bytes = 0;
  int threads = 1;  // on which it is executed, as it was compiled for them

  std::int64_t arena_bytes() const { return plan.arena_bytes + scratchpad_bytes; }
};

/// Used from one thread at a time.
class Execution {
 public:
  /// `program` outlives it.
  explicit Execution(const Compiled& program);

  /// `visit` is given each step's number in order, and calls `execute`.
  template <class Visit>
  std::vector<tensor::Tensor> run(const std::map<std::string, tensor::Tensor>& given,
                                  const Visit& visit);
  void execute(std::size_t step);

 private:
  /// A step with its memory: the arguments of oneDNN's call, or the pointers of a loop's.
  struct Bound {
    std::vector<dnnl_exec_arg_t> arguments;
    std::vector<dnnl::memory> owned;  // the scratchpad
    std::vector<std::byte*> inputs;
    std::vector<std::byte*> outputs;
  };

  void bind_steps();
  void check(const std::map<std::string, tensor::Tensor>& given) const;
  std::byte* address(std::size_t value) const;
  dnnl::memory& memory(ValueIndex value);
  std::vector<tensor::Tensor> bind(const std::map<std::string, tensor::Tensor>& given);
  void rebind(std::span<std::byte* const> inputs_at, std::span<std::byte* const> outputs_at);

  const Compiled& program_;
  std::shared_ptr<std::byte> arena_;
  dnnl::stream stream_;
  std::vector<Bound> bound_;                           // by step
  std::vector<std::optional<dnnl::memory>> memories_;  // by value, of those that oneDNN sees
  std::vector<std::byte*> addresses_;                  // by value
  std::vector<std::size_t> callers_values_;            // those that lie in the caller's bytes
};

template <class Visit>
std::vector<tensor::Tensor> Execution::run(const std::map<std::string, tensor::Tensor>& given,
                                           const Visit& visit) {
  const ThreadScope scope(program_.threads);
  std::vector<tensor::Tensor> results = bind(given);
  for (std::size_t i = 0; i < program_.steps.size(); ++i) visit(i);
  return results;
}

}  // namespace ampd::engine
