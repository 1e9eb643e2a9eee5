// What a call was refused with.
#pragma once

#include <string>

#include "ampd/error.hpp"

/// The sentence of the Error that `call` throws; empty when it throws none.
template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const ampd::Error& error) {
    return error.what();
  }
  return {};
}
