#include "store/blobs.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "store/store_fixture.hpp"

using ampd::ErrorCode;
using ampd::store::Blobs;

namespace {

std::ptrdiff_t count_files(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

}  // namespace

TEST_CASE("a blob is named by its content and is stored once") {
  const TemporaryFolder folder;
  const Blobs blobs(folder.path());
  const std::string digest = blobs.add_text("abc");
  CHECK(digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const TemporaryFolder elsewhere;
  ampd::base::write_file(elsewhere / "source", "abc");
  CHECK(blobs.add_file(elsewhere / "source", 3) == digest);
  CHECK(count_files(folder.path()) == 1);
  CHECK(ampd::base::read_text(blobs.path(digest), 3) == "abc");
  CHECK(blobs.is_whole(digest));
}

TEST_CASE("a blob that was not finished leaves nothing") {
  const TemporaryFolder folder;
  const Blobs blobs(folder.path());
  {
    Blobs::Writer writer = blobs.writer(100);
    writer.add(std::as_bytes(std::span("abc", 3)));
    CHECK(count_files(folder.path()) == 1);
  }
  CHECK(count_files(folder.path()) == 0);
  Blobs::Writer small = blobs.writer(2);
  CHECK(error_of([&] { small.add(std::as_bytes(std::span("abc", 3))); }).first ==
        ErrorCode::exhausted);
}

TEST_CASE("a file that cannot be a blob is named") {
  const TemporaryFolder folder;
  const Blobs blobs(folder.path());
  ampd::base::write_file(folder / "large", "12345");
  const auto error = [&](const std::string& name) {
    const auto [code, sentence] = error_of([&] { blobs.add_file(folder / name, 4); });
    CHECK(sentence.find(name) != std::string::npos);
    return code;
  };
  CHECK(error("absent") == ErrorCode::not_found);
  CHECK(error("large") == ErrorCode::exhausted);
  CHECK(error(".") == ErrorCode::invalid);
}

TEST_CASE("a damaged or missing blob is noticed") {
  const TemporaryFolder folder;
  const Blobs blobs(folder.path());
  const std::string digest = blobs.add_text("abc");
  std::filesystem::permissions(blobs.path(digest), std::filesystem::perms::owner_all);
  std::ofstream(blobs.path(digest)) << "abd";
  CHECK_FALSE(blobs.is_whole(digest));
  blobs.remove(digest);
  CHECK_FALSE(blobs.contains(digest));
  CHECK(error_of([&] { blobs.is_whole(digest); }).first == ErrorCode::not_found);
}

TEST_CASE("a start removes what no job needs") {
  StoreFixture fixture;
  const auto definition = fixture.definition("kept");
  const std::int64_t job = fixture.add(definition);
  std::filesystem::create_directory(fixture.directory().job(job));
  std::filesystem::create_directory(fixture.directory().job(77));
  const std::string orphan = fixture.store().blobs().add_text("orphan");
  ampd::base::write_file(fixture.directory().blobs() / ".new-left", "half a fi");
  fixture.open();
  CHECK(count_files(fixture.directory().blobs()) == 2);
  CHECK(fixture.store().blobs().contains(definition.model_digest));
  CHECK_FALSE(fixture.store().blobs().contains(orphan));
  CHECK(count_files(fixture.directory().jobs()) == 1);
}
