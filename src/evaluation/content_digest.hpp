// What a job's input files hold, as digests, so that a change is noticed.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace ampd::evaluation {

/// SHA-256 in hex. Of a file: of its bytes, as sha256sum prints it. Of a folder: of a line for each
/// file below it, "<digest>  <path inside the folder>\n", in the order of the paths' bytes;
/// symbolic links to files count as files, other kinds are left out. `alive` is called now and
/// then. Throws Error naming the file: not_found, denied, io.
std::string content_digest(const std::filesystem::path& path,
                           const std::function<void()>& alive = {});

}  // namespace ampd::evaluation
