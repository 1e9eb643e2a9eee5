// The shape of a model's input or output in words.
#pragma once

#include <string>

#include "protocol/order.hpp"

namespace ampd::client {

/// "Nx3x224x224": free extents by their names, "?" without one; "scalar" for none.
std::string shape_text(const protocol::ValueReport& value);

}  // namespace ampd::client
