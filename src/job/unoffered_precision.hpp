// Why a precision that has a name cannot be asked for.
#pragma once

#include <string>

#include "ampd/precision.hpp"

namespace ampd::job {

/// A clause for error messages: "no operator can be tuned to fp16: ...".
std::string why_not_offered(Precision precision);

}  // namespace ampd::job
