// Any bytes as a .npy file.
#include <span>

#include "ampd/error.hpp"
#include "data/npy.hpp"
#include "target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    ampd::data::read_npy(std::as_bytes(std::span(data, size)), "fuzz.npy");
  } catch (const ampd::Error&) {
    return 0;
  }
  return 0;
}
