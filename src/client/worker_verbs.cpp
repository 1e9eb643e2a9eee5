#include "client/worker_verbs.hpp"

#include <array>

namespace ampd::client {
namespace {

constexpr std::array verbs{
    Verb{"inspect", "Show what a model is and what can be tuned in it", declare_inspect},
    Verb{"plan", "Predict the trials, time and memory of a job", declare_plan},
    Verb{"eval", "Evaluate one config of a job", declare_eval},
    Verb{"exec", "Run a model once on given inputs", declare_exec},
    Verb{"bench", "Measure the latency of a model", declare_bench},
    Verb{"validate", "Run ONNX conformance cases", declare_validate},
    Verb{"doctor", "Measure the machine and check what it offers", declare_doctor},
};

}  // namespace

std::span<const Verb> worker_verbs() {
  return verbs;
}

}  // namespace ampd::client
