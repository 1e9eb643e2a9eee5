#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "base/tar_reader.hpp"
#include "base/tar_writer.hpp"
#include "damage.hpp"
#include "temporary_folder.hpp"

using ampd::base::TarReader;
using ampd::base::TarWriter;

namespace {

/// Files by path; folders have a "/" at their end and no content.
using Tree = std::map<std::string, std::string>;

std::string packed(const Tree& tree) {
  std::string archive;
  TarWriter writer([&](std::span<const std::byte> bytes) {
    archive.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  for (const auto& [name, content] : tree) {
    if (name.ends_with('/')) {
      writer.folder(name.substr(0, name.size() - 1));
    } else {
      writer.file(name, std::ssize(content));
      if (!content.empty()) writer.content(std::as_bytes(std::span(content)));
    }
  }
  writer.finish();
  return archive;
}

Tree unpacked(const std::string& archive, std::size_t portion = 4096) {
  Tree tree;
  std::string* current = nullptr;
  TarReader reader({[&](const TarReader::Entry& entry) {
                      current = &tree[entry.path.string() + (entry.is_folder ? "/" : "")];
                    },
                    [&](std::span<const std::byte> bytes) {
                      current->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                    }});
  const std::span<const std::byte> all = std::as_bytes(std::span(archive));
  for (std::size_t at = 0; at < all.size(); at += portion) {
    reader.add(all.subspan(at, std::min(portion, all.size() - at)));
  }
  reader.finish();
  return tree;
}

Tree unpacked_whole(const std::string& archive) {
  return unpacked(archive);
}

std::string refusal(const std::string& archive) {
  return error_of([&] { unpacked(archive); });
}

const Tree sample{{"a/", ""},
                  {"a/empty", ""},
                  {"a/one", std::string(512, '1')},
                  {"a/" + std::string(150, 'n') + "/" + std::string(200, 'm'), "long name"},
                  {"b", std::string(10'000, 'b')}};

}  // namespace

TEST_CASE("what is packed comes out again, in portions of any size") {
  for (const std::size_t portion : {1UL, 7UL, 512UL, 1'000'000UL}) {
    CHECK(unpacked(packed(sample), portion) == sample);
  }
}

TEST_CASE("tar reads what is packed, and its own archives are read") {
  const TemporaryFolder folder;
  ampd::base::write_file(folder / "a.tar", packed(sample));
  const std::string in = "cd " + folder.path().string() + " && ";
  REQUIRE(std::system((in + "mkdir out && tar -xf a.tar -C out").c_str()) == 0);
  for (const char* format : {"gnu", "pax", "ustar"}) {
    CAPTURE(format);
    if (std::string(format) == "ustar") std::filesystem::remove_all(folder / "out/a");
    Tree expected = sample;
    if (std::string(format) == "ustar") expected = {{"b", sample.at("b")}};
    REQUIRE(std::system((in + "tar --format " + format + " -cf b.tar -C out .").c_str()) == 0);
    Tree found = unpacked(ampd::base::read_text(folder / "b.tar", 1 << 20));
    std::erase_if(found, [](const auto& entry) { return entry.first.ends_with('/'); });
    std::erase_if(expected, [](const auto& entry) { return entry.first.ends_with('/'); });
    CHECK(found == expected);
  }
}

TEST_CASE("what would lead out of the archive, or is no file of its own, is refused") {
  for (const char* name : {"../x", "a/../../x", "/etc/passwd"}) {
    CAPTURE(name);
    CHECK(refusal(packed({{name, "x"}})).find("leads out of it") != std::string::npos);
  }
  const TemporaryFolder folder;
  const std::string in = "cd " + folder.path().string() + " && ";
  for (const char* make : {"ln -s /etc/passwd x", "mkfifo x", "touch y && ln y x"}) {
    CAPTURE(make);
    REQUIRE(std::system((in + "rm -f x y && " + make + " && tar -cf a.tar $(ls y 2>/dev/null) x")
                            .c_str()) == 0);
    CHECK(refusal(ampd::base::read_text(folder / "a.tar", 1 << 20)).find("neither") !=
          std::string::npos);
  }
}

TEST_CASE("every cut of an archive is seen, and damage never does more than be refused") {
  const std::string archive = packed({{"a", "one"}, {std::string(120, 'n'), "two"}});
  const std::size_t end = archive.size() - 1024;
  for (std::size_t size = 1; size < end; ++size) {
    if (size % 512 == 0) continue;
    CHECK(refusal(archive.substr(0, size)) == "the archive is cut");
  }
  check_every_byte_may_be_damaged(archive, unpacked_whole);
}
