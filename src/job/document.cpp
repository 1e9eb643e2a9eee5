#include "job/document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "base/check.hpp"
#include "base/limits.hpp"

namespace ampd::job {
namespace {

Place place_of(const YAML::Mark& mark) {
  return mark.is_null() ? Place{} : Place{mark.line + 1, mark.column + 1};
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    add(make(Node::Kind::null, mark, ""));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    add(make(Node::Kind::alias, mark, ""));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    Node node = make(Node::Kind::scalar, mark, tag);
    if (value.find('\0') != std::string::npos) {
      throw DocumentError(ProblemCode::invalid, node.place, "a zero byte in a text");
    }
    node.text = value;
    node.quoted = tag == "!";
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(make(Node::Kind::sequence, mark, tag));
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(make(Node::Kind::mapping, mark, tag));
  }

  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

  Node take_root() { return std::move(root_); }

 private:
  struct Open {
    Node node;
    std::optional<Node> key;  // of a mapping: read, its value not yet
  };

  Node make(Node::Kind kind, const YAML::Mark& mark, const std::string& tag) {
    if (++count_ > base::limits::job_file_nodes) {
      throw DocumentError(ProblemCode::invalid, place_of(mark),
                          "more than " + std::to_string(base::limits::job_file_nodes) +
                              " values: this is too much for a job file");
    }
    Node node;
    node.kind = kind;
    node.place = node.key_place = place_of(mark);
    if (tag != "?" && tag != "!") node.tag = tag;
    return node;
  }

  void open(Node node) {
    if (static_cast<std::int64_t>(open_.size()) >= base::limits::job_file_depth) {
      throw DocumentError(ProblemCode::invalid, node.place,
                          "nested more than " + std::to_string(base::limits::job_file_depth) +
                              " levels deep: this is too deep for a job file");
    }
    open_.push_back({std::move(node), std::nullopt});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_mapping()) {
      if (!parent.key) {
        if (!node.is_scalar()) {
          throw DocumentError(ProblemCode::invalid, node.place, "a key must be a word");
        }
        parent.key = std::move(node);
        return;
      }
      node.key = std::move(parent.key->text);
      node.key_place = parent.key->place;
      parent.key.reset();
    }
    parent.node.children.push_back(std::move(node));
  }

  Node root_;
  std::vector<Open> open_;
  std::int64_t count_ = 0;
};

/// Refuses a text that is not UTF-8, which yaml-cpp would silently repair.
void check_characters(const std::string& text) {
  Place place;
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    bool good = lead < 0x80 || (lead >= 0xC2 && lead <= 0xF4 && i + length <= text.size());
    for (std::size_t k = 1; good && k < length; ++k) {
      good = (static_cast<unsigned char>(text[i + k]) & 0xC0U) == 0x80;
    }
    if (good && lead < 0x20) good = lead == '\t' || lead == '\n' || lead == '\r';
    if (!good || lead == 0x7F) {
      throw DocumentError(ProblemCode::syntax, place, "not UTF-8 text");
    }
    i += length;
    ++place.column;
    if (lead == '\n') place = {place.line + 1, 1};
  }
}

/// YAML 1.1 lets a bracket follow a key's colon at once within brackets, {a:[1]}; yaml-cpp wants a
/// blank between. Columns behind an added blank are one too high.
std::string with_blanks_after_colons(const std::string& text) {
  std::string result;
  char quote = 0;
  bool in_comment = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char before = i == 0 ? '\n' : text[i - 1];
    const bool starts_token = std::string_view(" \t\n[{,:").find(before) != std::string_view::npos;
    result += c;
    if (c == '\n') {
      in_comment = false;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (!in_comment && starts_token && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '#' && (before == ' ' || before == '\t' || before == '\n')) {
      in_comment = true;
    } else if (!in_comment && c == ':' && i + 1 < text.size() &&
               (text[i + 1] == '[' || text[i + 1] == '{')) {
      result += ' ';
    }
  }
  return result;
}

Node parse(const std::string& text) {
  std::istringstream stream(text);
  try {
    YAML::Parser parser(stream);
    TreeBuilder builder;
    parser.HandleNextDocument(builder);
    TreeBuilder rest;
    if (parser.HandleNextDocument(rest)) {
      throw DocumentError(ProblemCode::invalid, rest.take_root().place,
                          "a second document: a job file holds one");
    }
    return builder.take_root();
  } catch (const YAML::Exception& error) {
    throw DocumentError(ProblemCode::syntax, place_of(error.mark), "not YAML: " + error.msg);
  }
}

}  // namespace

const Node* Node::find(std::string_view wanted) const {
  const auto found = std::ranges::find(children, wanted, &Node::key);
  return found == children.end() ? nullptr : &*found;
}

Node parse_document(const std::string& text) {
  check_characters(text);
  try {
    return parse(text);
  } catch (const DocumentError& error) {
    const std::string spaced = with_blanks_after_colons(text);
    if (error.code != ProblemCode::syntax || spaced == text) throw;
    try {
      return parse(spaced);
    } catch (const DocumentError&) {
      throw error;
    }
  }
}

}  // namespace ampd::job
