#include <algorithm>
#include <memory>
#include <system_error>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "data/dataset_kinds.hpp"
#include "image/image.hpp"

namespace ampd::data {
namespace {

using std::filesystem::path;

std::vector<path> entries(const path& folder) {
  std::vector<path> result;
  std::error_code failure;
  for (std::filesystem::directory_iterator at(folder, failure), end; !failure && at != end;
       at.increment(failure)) {
    if (at->path().filename().native().front() != '.') result.push_back(at->path());
  }
  if (failure) base::throw_system_error("cannot list", folder, failure.value());
  std::ranges::sort(result, {}, [](const path& entry) { return entry.filename().native(); });
  return result;
}

bool is_image(const path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

}  // namespace

Dataset make_image_folder_dataset(const nlohmann::json& parameters) {
  const path root = parameters.at("root").get<std::string>();
  struct File {
    path name;
    std::int64_t label;
  };
  auto files = std::make_shared<std::vector<File>>();
  std::int64_t classes = 0;
  for (const path& folder : entries(root)) {
    std::error_code failure;
    if (!std::filesystem::is_directory(folder, failure)) continue;
    for (const path& file : entries(folder)) {
      if (is_image(file)) files->push_back({file, classes});
    }
    ++classes;
  }
  if (files->empty()) {
    throw Error(ErrorCode::not_found, "there are no .jpg, .jpeg or .png files in folders of " +
                                          root.string() + "; it must have one folder per class");
  }
  return {.name = "ImageFolder at " + root.string(),
          .inputs = {""},
          .size = static_cast<std::int64_t>(files->size()),
          .sample = [files](std::int64_t index) {
            const File& file = files->at(static_cast<std::size_t>(index));
            return Sample{{{image::read(file.name), 2}}, class_label(file.label)};
          }};
}

}  // namespace ampd::data
