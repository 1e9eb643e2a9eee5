#include "daemon/uploaded_job.hpp"

#include <filesystem>
#include <iterator>
#include <string>

#include "ampd/error.hpp"
#include "job/data_path.hpp"

namespace ampd::daemon {
namespace {

namespace fs = std::filesystem;

/// What the client says that he has uploaded for `path`.
fs::path place_of(const fs::path& path, const nlohmann::json& uploaded) {
  const auto found = uploaded.find(path.string());
  if (found == uploaded.end() || !found->is_string() || found->get<std::string>().empty()) {
    throw Error(ErrorCode::invalid, path.string() +
                                        " is not among the job's uploads; the daemon opens paths "
                                        "of its own user only");
  }
  return found->get<std::string>();
}

fs::path real_path(const fs::path& place, const store::Uploads& uploads, uid_t user) {
  fs::path real = uploads.path(user, place.begin()->string());
  for (auto part = std::next(place.begin()); part != place.end(); ++part) {
    if (*part == "..") {
      throw Error(ErrorCode::invalid, "\"" + place.string() + "\" leads out of its upload");
    }
    real /= *part;
  }
  return real;
}

}  // namespace

void use_uploads(job::Job& job, const nlohmann::json& uploaded, const store::Uploads& uploads,
                 uid_t user) {
  if (!uploaded.is_object()) {
    throw Error(ErrorCode::invalid,
                "\"uploads\" is not an object of paths and what was uploaded for them");
  }
  const fs::path model = place_of(job.model_path, uploaded);
  // What lies beside a model can be named in it as external data.
  if (std::distance(model.begin(), model.end()) < 2) {
    throw Error(ErrorCode::invalid, "the model is to be uploaded in a folder of its own");
  }
  job.model_path = real_path(model, uploads, user);
  job.folder = job.model_path.parent_path();
  job::replace_data_paths(job, [&](const fs::path& path) {
    return real_path(place_of(path, uploaded), uploads, user);
  });
}

}  // namespace ampd::daemon
