// The kernels of products that others build on.
#pragma once

#include "engine/kernels/kernel.hpp"

namespace ampd::engine {

bool run_conv(KernelCall& call);
bool run_matmul(KernelCall& call);

}  // namespace ampd::engine
