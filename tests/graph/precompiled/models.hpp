// The common headers, and those of tests that build ONNX models.
#include <doctest/doctest.h>
#include <onnx/onnx_pb.h>

#include "base/precompiled/common.hpp"
