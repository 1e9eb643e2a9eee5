#define DOCTEST_CONFIG_IMPLEMENT
#include "suite.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace {

constexpr int failures_told = 10;

struct Arguments {
  std::int64_t cases = 1;
  std::uint64_t seed = 0;
  std::optional<std::uint64_t> only;
  bool is_control = false;
};

template <typename Number>
Number number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument("\"" + std::string(text) + "\" is no number");
  }
  return value;
}

Arguments arguments_of(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--control") {
      arguments.is_control = true;
      continue;
    }
    if (i + 1 == argc) throw std::invalid_argument(std::string(name) + " takes a number");
    const char* value = argv[++i];
    if (name == "--cases") {
      arguments.cases = number<std::int64_t>(value);
    } else if (name == "--seed") {
      arguments.seed = number<std::uint64_t>(value);
    } else if (name == "--case") {
      arguments.only = number<std::uint64_t>(value);
    } else {
      throw std::invalid_argument("there is no option " + std::string(name));
    }
  }
  return arguments;
}

void throw_failed(const doctest::AssertData& data) {
  const std::string values = data.m_decomp.c_str();
  throw std::runtime_error(std::string(data.m_file) + ":" + std::to_string(data.m_line) + ": " +
                           data.m_expr + "  " + values.substr(0, 2000));
}

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31);
}

int run_suite(int argc, char** argv, const Case& attempt) {
  doctest::Context context;
  context.setAsDefaultForAssertsOutOfTestCases();
  context.setAssertHandler(throw_failed);
  std::int64_t tried = 0;
  std::int64_t failures = 0;
  try {
    const Arguments arguments = arguments_of(argc, argv);
    Random seeds(arguments.seed);
    while (tried < arguments.cases) {
      const std::uint64_t seed = arguments.only ? *arguments.only : seeds.next();
      try {
        tried += attempt(seed, arguments.is_control);
      } catch (const std::exception& found) {
        ++tried;
        if (++failures <= failures_told && !arguments.is_control) {
          std::fprintf(stderr, "%s --case %llu: %s\n", argv[0],
                       static_cast<unsigned long long>(seed), found.what());
        }
      }
      if (arguments.only) break;
    }
  } catch (const std::invalid_argument& problem) {
    std::fprintf(stderr, "%s: %s\n", argv[0], problem.what());
    return 2;
  }
  std::printf("{\"cases\": %lld, \"failures\": %lld}\n", static_cast<long long>(tried),
              static_cast<long long>(failures));
  return failures == 0 ? 0 : 1;
}
