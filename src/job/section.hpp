// A mapping of the job file, opened for reading: keys checked, values typed.
//
// Opening it reports keys that are unknown, given twice, ignored or refused. A getter gives nothing
// when the key is absent, and also when its value is wrong, which it reports.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "job/document.hpp"
#include "job/report.hpp"

namespace ampd::job {

class Section {
 public:
  /// `path` is the section's in the table of keys. A null node, or none, is an empty section at
  /// `place`.
  Section(Report& report, std::string path, const Node* node, Place place);

  Report& report() const { return *report_; }
  const std::string& path() const { return path_; }
  Place place() const { return place_; }

  /// Null if the key is absent, or its value nothing or an empty mapping.
  const Node* find(std::string_view name) const;
  Section section(std::string_view name) const;

  std::optional<std::int64_t> integer(std::string_view name, std::int64_t minimum,
                                      std::int64_t maximum) const;
  std::optional<double> number(std::string_view name, double minimum, double maximum) const;
  std::optional<bool> boolean(std::string_view name) const;
  std::optional<std::string> text(std::string_view name) const;
  std::optional<std::string> choice(std::string_view name,
                                    std::span<const std::string> choices) const;
  /// A list, or one text with commas or blanks between the words.
  std::optional<std::vector<std::string>> texts(std::string_view name) const;

  void error(ProblemCode code, std::string_view name, const std::string& message,
             const std::string& suggestion = {}) const;
  void warning(ProblemCode code, std::string_view name, const std::string& message,
               const std::string& suggestion = {}) const;
  /// Silent where the whole section is of the wrong kind, which was reported.
  void missing(std::string_view name, const std::string& message,
               const std::string& suggestion = {}) const;

 private:
  void check_key(const Node& child) const;

  Report* report_;
  std::string path_;
  const Node* node_ = nullptr;
  Place place_;
  bool is_broken_ = false;  // of the wrong kind
};

/// Reports children of a mapping that carry a tag, are aliases, or repeat a key.
void check_children(Report& report, const std::string& path, const Node& mapping);

/// "a list", "\"word\"" ... for messages.
std::string describe(const Node& node);

/// "one of a, b, c"
std::string one_of(std::span<const std::string> words);

/// A number for people: "0.5", "100".
std::string to_text(double number);

}  // namespace ampd::job
