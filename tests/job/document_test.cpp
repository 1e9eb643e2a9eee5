#include "job/document.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace ampd::job;

namespace {

/// The place and code that a text is refused with.
struct Refusal {
  ProblemCode code;
  Place place;
  bool operator==(const Refusal&) const = default;
};

Refusal refusal(const std::string& text) {
  try {
    parse_document(text);
  } catch (const DocumentError& error) {
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
    return {error.code, error.place};
  }
  FAIL("the text was read");
  return {};
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

}  // namespace

TEST_CASE("nodes know their places") {
  const Node root = parse_document("a: 1\nb:\n  - x\n  - {c: 'q'}\n");
  REQUIRE(root.is_mapping());
  CHECK(root.find("a")->text == "1");
  CHECK(root.find("a")->key_place == Place{1, 1});
  CHECK(root.find("a")->place == Place{1, 4});
  const Node& list = *root.find("b");
  REQUIRE(list.children.size() == 2);
  CHECK(list.children[0].key_place == Place{3, 5});
  const Node& quoted = *list.children[1].find("c");
  CHECK(quoted.quoted);
  CHECK(quoted.key_place == Place{4, 6});
  CHECK(root.find("z") == nullptr);
}

TEST_CASE("tags, empty values, comments and line ends of all kinds are read") {
  const Node root = parse_document(
      "# comment\r\nlist:\r\n  - !Pruner\r\n      start: 0\r\nempty:\r\ntilde: ~\r\nf: {'a':[1], "
      "}\r\n");
  CHECK(root.find("list")->children[0].tag == "!Pruner");
  CHECK(root.find("empty")->is_null());
  CHECK(root.find("tilde")->is_null());
  CHECK(root.find("f")->find("a")->is_sequence());
  CHECK(parse_document("").is_null());
  CHECK(parse_document("# nothing\n").is_null());
}

TEST_CASE("a bracket may follow a key's colon at once") {
  const Node root = parse_document("a: {b:[1, 2], c:{d: 'e:[', f: g} } # h:[\ni: 1\n");
  CHECK(root.find("a")->find("b")->children.size() == 2);
  CHECK(root.find("a")->find("c")->find("d")->text == "e:[");
  CHECK(root.find("i")->key_place == Place{2, 1});
  CHECK(refusal("a: {b:[1}\n").code == ProblemCode::syntax);
}

TEST_CASE("an alias is a node of its own kind") {
  const Node root = parse_document("a: &x {b: 1}\nc: *x\n");
  CHECK(root.find("a")->is_mapping());
  CHECK(root.find("c")->kind == Node::Kind::alias);
}

TEST_CASE("what is not YAML is refused with its place") {
  CHECK(refusal("a: [1\nb: 2\n") == Refusal{ProblemCode::syntax, {2, 2}});
  CHECK(refusal("a: 1\n  b: 2\n").code == ProblemCode::syntax);
  CHECK(refusal("a: 1\nb: \xff\n") == Refusal{ProblemCode::syntax, {2, 4}});
  CHECK(refusal(std::string("a: b\0c\n", 7)) == Refusal{ProblemCode::syntax, {1, 5}});
  CHECK(refusal("\xc3").code == ProblemCode::syntax);
}

TEST_CASE("texts beyond the limits are refused") {
  CHECK(parse_document(nested(16)).is_sequence());
  CHECK(refusal(nested(17)) == Refusal{ProblemCode::invalid, {1, 17}});
  CHECK(refusal(nested(30000)).code == ProblemCode::invalid);
  std::string many = "[";
  for (int i = 0; i < 5000; ++i) many += "1,";
  CHECK(refusal(many + "]").code == ProblemCode::invalid);
  CHECK(refusal("a: 1\n---\nb: 2\n").code == ProblemCode::invalid);
  CHECK(refusal("? [a]\n: 1\n").code == ProblemCode::invalid);
  CHECK(refusal("a: \"\\0\"\n") == Refusal{ProblemCode::invalid, {1, 4}});
}
