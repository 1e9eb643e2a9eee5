// The one exception type of ampd: a failure whose cause lies outside the program.
//
// It carries a code that programs act on and one full sentence for people, which names the object,
// the place and, where there is one, the remedy. It is caught where a request, an order or `main`
// ends. A broken invariant is not an Error: see base/check.hpp.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace ampd {

enum class ErrorCode {
  invalid,      // the input is wrong: a job file, a model, a request
  not_found,    // a file, job or operator that is named does not exist
  conflict,     // the object is in the wrong state for the request
  denied,       // the caller may not do this
  busy,         // somebody else holds it
  exhausted,    // a limit was reached: memory, disk, a quota
  unsupported,  // valid, but not offered here
  corrupt,      // stored data is damaged, or newer than this program
  io,           // the operating system failed
  divergence,   // a replayed history differs from the stored one
};

std::string_view to_string(ErrorCode code);

/// The inverse of to_string; `invalid` for an unknown word.
ErrorCode parse_error_code(std::string_view word);

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}

  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace ampd
