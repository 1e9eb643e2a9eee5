#include "daemon/configuration.hpp"

#include <grp.h>

#include <algorithm>
#include <array>
#include <set>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "daemon/log.hpp"
#include "job/document.hpp"
#include "job/nearest.hpp"
#include "job/scalar.hpp"

namespace ampd::daemon {
namespace {

/// The problems of one file, one to a line.
class Complaints {
 public:
  explicit Complaints(std::string file) : file_(std::move(file)) {}

  void add(job::Place place, const std::string& sentence) {
    if (!text_.empty()) text_ += '\n';
    text_ += file_ + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " +
             sentence;
  }

  void throw_if_any() const {
    if (!text_.empty()) throw Error(ErrorCode::invalid, text_);
  }

 private:
  std::string file_;
  std::string text_;
};

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::filesystem::path absolute_path(const job::Node& value, Complaints& complaints) {
  if (!value.text.starts_with('/')) {
    complaints.add(value.place, value.key + " takes an absolute path, not \"" + value.text + "\"");
  }
  return value.text;
}

struct Bounds {
  std::int64_t min = 0;
  const char* min_means = "";
  std::int64_t max = 0;
};

std::int64_t whole_number(const job::Node& value, const Bounds& bounds, Complaints& complaints) {
  const auto number = job::parse_integer(value.text);
  if (number && *number >= bounds.min && *number <= bounds.max) return *number;
  complaints.add(value.place, value.key + " takes a whole number from " +
                                  std::to_string(bounds.min) + " " + bounds.min_means + "to " +
                                  std::to_string(bounds.max) + ", not \"" + value.text + "\"");
  return bounds.min;
}

std::optional<gid_t> group(const job::Node& value, Complaints& complaints) {
  const struct group* const found = ::getgrnam(value.text.c_str());
  if (found != nullptr) return found->gr_gid;
  complaints.add(value.place, "there is no group \"" + value.text + "\" for admin_group");
  return std::nullopt;
}

void set(Configuration& configuration, const job::Node& value, Complaints& complaints) {
  if (!value.is_scalar() || value.text.empty()) {
    complaints.add(value.place, value.key + " takes one value");
  } else if (value.key == "state_dir") {
    configuration.state_dir = absolute_path(value, complaints);
  } else if (value.key == "socket") {
    configuration.socket = absolute_path(value, complaints);
  } else if (value.key == "threads") {
    configuration.threads = static_cast<int>(
        whole_number(value, {0, "(the physical cores) ", base::limits::threads}, complaints));
  } else if (value.key == "memory_mib") {
    configuration.memory_mib =
        whole_number(value, {0, "(half of the RAM) ", base::limits::memory_mib}, complaints);
  } else if (value.key == "trials_together") {
    configuration.trials_together =
        whole_number(value, {1, "(one by one) ", base::limits::trials_together}, complaints);
  } else if (value.key == "upload_mib") {
    configuration.upload_mib =
        whole_number(value, {0, "(no uploads) ", base::limits::memory_mib}, complaints);
  } else if (value.key == "admin_group") {
    configuration.admin_group = group(value, complaints);
  } else if (std::ranges::count(log_levels(), value.text) == 0) {
    complaints.add(value.place, "log_level takes one of " + listed(log_levels()) + ", not \"" +
                                    value.text + "\"");
  } else {
    configuration.log_level = value.text;
  }
}

void read_keys(const job::Node& document, Configuration& configuration, Complaints& complaints) {
  const std::vector<std::string> known{"state_dir",       "socket",      "threads",    "memory_mib",
                                       "trials_together", "admin_group", "upload_mib", "log_level"};
  std::set<std::string> seen;
  for (const job::Node& child : document.children) {
    if (std::ranges::count(known, child.key) == 0) {
      const std::string meant = job::nearest(child.key, known);
      complaints.add(child.key_place, "there is no key \"" + child.key + "\"; " +
                                          (meant.empty() ? "the keys are " + listed(known)
                                                         : "did you mean \"" + meant + "\"?"));
    } else if (!seen.insert(child.key).second) {
      complaints.add(child.key_place, "the key \"" + child.key + "\" stands here a second time");
    } else {
      set(configuration, child, complaints);
    }
  }
}

}  // namespace

Configuration parse_configuration(const std::string& text, const std::string& name) {
  Configuration configuration;
  Complaints complaints(name);
  try {
    const job::Node document = job::parse_document(text);
    if (document.is_mapping()) {
      read_keys(document, configuration, complaints);
    } else if (!document.is_null()) {
      complaints.add(document.place, "a configuration is lines of \"key: value\"");
    }
  } catch (const job::DocumentError& error) {
    complaints.add(error.place, error.what());
  }
  complaints.throw_if_any();
  return configuration;
}

Configuration read_configuration(const std::optional<std::filesystem::path>& file) {
  const std::filesystem::path path = file.value_or(configuration_file);
  try {
    const std::string text = base::read_text(path, base::limits::configuration_file_bytes);
    return parse_configuration(text, path.string());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found && !file) return {};
    throw;
  }
}

}  // namespace ampd::daemon
