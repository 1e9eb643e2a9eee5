// What a fuzzer calls: one input, of any bytes. It may be refused with an Error, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
