// Executes one model when told to, for comparisons with other runtimes.
//
//   executor MODEL fp32|bf16 THREADS OUTPUT_PREFIX NAME=FILE.npy...
//
// Executes once, writes each output's bytes to OUTPUT_PREFIX0, OUTPUT_PREFIX1, ..., and prints the
// program's "ready". Each number that it then reads is answered by a JSON object: "ms",
// the milliseconds of each of that many executions, and "cpu_ms", the processor time of all.
// onnxruntime_executor.js does the same.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "engine/program.hpp"
#include "evaluation/executable.hpp"
#include "evaluation/given_inputs.hpp"
#include "evaluation/inspection.hpp"

namespace {

using namespace ampd;

int number(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void write_outputs(const std::vector<tensor::Tensor>& outputs, const std::string& prefix) {
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const auto bytes = outputs[k].bytes();
    base::write_file(prefix + std::to_string(k),
                     {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
}

std::string timed(evaluation::Executable& program, const evaluation::Tensors& inputs, int count) {
  using Clock = std::chrono::steady_clock;
  std::string list;
  const std::clock_t cpu_start = std::clock();
  for (int i = 0; i < count; ++i) {
    const auto start = Clock::now();
    program.run(inputs);
    const std::chrono::duration<double, std::milli> spent = Clock::now() - start;
    list += (i == 0 ? "" : ", ") + std::to_string(spent.count());
  }
  const double cpu_ms = 1e3 * static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  return "{\"ms\": [" + list + "], \"cpu_ms\": " + std::to_string(cpu_ms) + "}";
}

void serve(const std::vector<std::string>& arguments) {
  const std::filesystem::path path = std::filesystem::absolute(arguments[0]);
  engine::set_threads(number(arguments[2]));
  evaluation::Model model({path, path.parent_path(), path.string()});
  evaluation::GivenInputs given;
  for (std::size_t i = 4; i < arguments.size(); ++i) {
    const std::size_t equal = arguments[i].rfind('=');
    given.files[arguments[i].substr(0, equal)] = arguments[i].substr(equal + 1);
  }
  const evaluation::Tensors inputs = evaluation::read_inputs(model, given);
  const evaluation::Shapes shapes = evaluation::shapes_of(model, given, inputs);
  const Precision precision = parse_precision(arguments[1]).value();
  const auto config = precision == Precision::fp32
                          ? evaluation::Precisions{}
                          : evaluation::all_in(*model.graph(shapes), precision);
  const auto program = model.program(shapes, config);
  write_outputs(program->run(inputs), arguments[3]);
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << timed(*program, inputs, number(line)) << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: executor MODEL fp32|bf16 THREADS OUTPUT_PREFIX NAME=FILE.npy...\n", stderr);
    return 2;
  }
  try {
    serve({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "executor: %s\n", error.what());
    return 1;
  }
}
