// The common headers, and those of the command line.
#include <CLI/CLI.hpp>

#include "base/precompiled/common.hpp"
