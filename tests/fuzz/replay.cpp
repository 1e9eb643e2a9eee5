// Runs a fuzzer's target on every file of a folder, without a fuzzer.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/files.hpp"
#include "target.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const std::filesystem::path& file : files) {
    std::fprintf(stderr, "%s\n", file.c_str());
    const std::vector<std::byte> bytes = ampd::base::read_file(file, 1 << 20);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf("\n[doctest] test cases: %zu | %zu passed | 0 failed | 0 skipped\n", files.size(),
              files.size());
  return files.empty() ? 1 : 0;
}
