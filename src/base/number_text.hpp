// A number as sentences quote it.
#pragma once

#include <string>

namespace ampd::base {

/// Seven significant digits, in whichever form is shorter, independent of the locale.
std::string number_text(double number);

}  // namespace ampd::base
