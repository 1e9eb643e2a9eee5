#include "base/exit_code.hpp"

namespace ampd::base {

ExitCode exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found:
      return ExitCode::not_found;
    case ErrorCode::conflict:
      return ExitCode::wrong_state;
    case ErrorCode::denied:
      return ExitCode::denied;
    case ErrorCode::busy:
      return ExitCode::held;
    case ErrorCode::corrupt:
      return ExitCode::corrupt;
    case ErrorCode::io:
      return ExitCode::io;
    case ErrorCode::invalid:
    case ErrorCode::exhausted:
    case ErrorCode::unsupported:
    case ErrorCode::divergence:
      return ExitCode::failed;
  }
  return ExitCode::failed;
}

}  // namespace ampd::base
