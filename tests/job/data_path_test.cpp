#include "job/data_path.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "job/job_folder.hpp"

using ampd::job::data_paths;
using Paths = std::vector<std::filesystem::path>;

TEST_CASE("a dataset's files and folders are listed, each once") {
  const JobFolder folder;
  const auto with_dataset = [&](const std::string& dataset) {
    return data_paths(folder.job(with_line(7, "      dataset: {" + dataset + "}")));
  };
  CHECK(with_dataset("npy: {input: x.npy, label: y.npy}") ==
        Paths{folder / "x.npy", folder / "y.npy"});
  CHECK(with_dataset("npy: {file: xy.npz, input: x, label: y}") == Paths{folder / "xy.npz"});
  CHECK(with_dataset("npy: {inputs: {a: x.npy, b: x.npy}, label: y.npy}") ==
        Paths{folder / "x.npy", folder / "y.npy"});
  CHECK(with_dataset("ImageFolder: {root: images}") == Paths{folder / "images"});
}
