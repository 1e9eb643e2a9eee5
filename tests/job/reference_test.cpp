// docs/job-file.md must say what the tables of keys and of the catalogue say, row by row.
#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <sstream>

#include "job/catalogue.hpp"
#include "job/document.hpp"
#include "job/key.hpp"
#include "job/section.hpp"
#include "job_folder.hpp"

using namespace ampd::job;

namespace {

std::string reference() {
  return ampd::base::read_text(AMPD_SOURCE_ROOT "/docs/job-file.md", 1 << 20);
}

std::string code(const std::string& text) {
  return "`" + text + "`";
}

/// Options of one kind or another, in a table's cell.
std::string cell(const Parameter& parameter) {
  std::string text(to_string(parameter.kind));
  if (!parameter.choices.empty()) {
    const bool is_list = parameter.kind == Kind::texts;
    text = is_list ? "texts:" : "";
    for (const std::string& choice : parameter.choices) {
      text += (text.empty() ? "" : " ") + code(choice);
    }
  }
  if (std::isfinite(parameter.minimum)) text += ", from " + to_text(parameter.minimum);
  if (std::isfinite(parameter.maximum)) text += " to " + to_text(parameter.maximum);
  if (!parameter.only.is_null()) text += ", only " + code(parameter.only.dump());
  return text;
}

std::string standard(const Parameter& parameter) {
  if (parameter.required) return "required";
  if (parameter.ignored) return "ignored";
  if (!parameter.standard.is_null()) return code(parameter.standard.dump());
  return "";
}

std::string row(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& each : cells) text += each.empty() ? " |" : " " + each + " |";
  return text;
}

std::vector<std::string> key_rows() {
  std::vector<std::string> rows;
  for (const Key& key : keys()) {
    const std::string name = code(join(key.section, key.name));
    if (key.use == Key::Use::read) {
      rows.push_back(row({name, key.type, key.standard, key.meaning}));
    } else if (key.use == Key::Use::ignored) {
      rows.push_back(row({name, "ignored", key.meaning}));
    } else {
      rows.push_back(row({name, "refused", key.meaning}));
    }
  }
  return rows;
}

std::string entry_row(const Entry& entry) {
  if (entry.role != Role::metric) return row({code(entry.name), entry.meaning});
  const std::string needs = entry.needs_labels ? "labels" : "the fp32 model's outputs";
  return row({code(entry.name), entry.higher_is_better ? "higher" : "lower", needs, entry.meaning});
}

std::vector<std::string> catalogue_rows() {
  std::vector<std::string> rows;
  for (const Entry& entry : catalogue()) {
    if (!entry.is_offered()) {
      rows.push_back(row({code(entry.name), std::string(to_string(entry.role)), entry.remedy}));
      continue;
    }
    rows.push_back(entry_row(entry));
    for (const Parameter& parameter : entry.parameters) {
      rows.push_back(row({code(entry.name), code(parameter.name), cell(parameter),
                          standard(parameter), parameter.meaning}));
    }
  }
  return rows;
}

/// The table rows of a Markdown text that describe something: they begin with a code word.
std::set<std::string> rows_of(const std::string& text) {
  std::set<std::string> rows;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("| `")) rows.insert(line);
  }
  return rows;
}

std::vector<std::string> yaml_blocks(const std::string& text) {
  std::vector<std::string> blocks;
  std::istringstream stream(text);
  bool inside = false;
  for (std::string line; std::getline(stream, line);) {
    if (line == "```yaml") {
      inside = true;
      blocks.emplace_back();
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

/// The keys of the table that a job file's node and its children use.
void collect_keys(const Node& node, const std::string& section, std::set<std::string>& used) {
  for (const Node& child : node.children) {
    if (find_key(section, child.key) == nullptr) continue;
    used.insert(join(section, child.key));
    collect_keys(child, join(section, child.key), used);
  }
}

}  // namespace

TEST_CASE("the reference of job files lists every key and the whole catalogue, and nothing else") {
  const std::set<std::string> written = rows_of(reference());
  std::vector<std::string> expected = key_rows();
  for (const std::string& each : catalogue_rows()) expected.push_back(each);
  for (const std::string& each : expected) CHECK_MESSAGE(written.contains(each), each);
  const std::set<std::string> known(expected.begin(), expected.end());
  for (const std::string& each : written) CHECK_MESSAGE(known.contains(each), each);
}

TEST_CASE("the reference's examples are job files without problems and use every key") {
  const JobFolder folder;
  std::set<std::string> used;
  for (const std::string& text : yaml_blocks(reference())) {
    CAPTURE(text);
    const Lint found = folder.lint(text);
    for (const Problem& problem : found.errors) FAIL_CHECK(to_string(problem));
    for (const Problem& problem : found.warnings) FAIL_CHECK(to_string(problem));
    collect_keys(parse_document(text), "", used);
  }
  for (const Key& key : keys()) {
    const std::string name = join(key.section, key.name);
    if (key.use != Key::Use::read || name.starts_with("graph_optimization")) continue;
    CHECK_MESSAGE(used.contains(name), name);
  }
}
