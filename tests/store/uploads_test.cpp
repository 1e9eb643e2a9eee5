#include "store/uploads.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "ampd/error.hpp"
#include "base/digest.hpp"
#include "base/files.hpp"
#include "base/tar_writer.hpp"
#include "damage.hpp"
#include "temporary_folder.hpp"

using ampd::store::Uploads;
using Form = Uploads::Form;

namespace {

constexpr uid_t user = 1000;

std::string archive_of(const std::string& name, const std::string& content) {
  std::string archive;
  ampd::base::TarWriter writer([&](std::span<const std::byte> bytes) {
    archive.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  writer.file(name, std::ssize(content));
  writer.content(as_span(content));
  writer.finish();
  return archive;
}

class Folder {
  TemporaryFolder folder_;

 public:
  Uploads uploads{folder_.path()};

  std::string put(const std::string& content, Form form = Form::file, uid_t by = user) const {
    std::string digest = ampd::base::sha256(content);
    Uploads::Writer writer = uploads.writer(by, digest, form, std::ssize(content));
    writer.add(as_span(content));
    writer.finish();
    return digest;
  }
  std::size_t entries(uid_t of = user) const {
    const auto all = std::filesystem::directory_iterator(folder_ / std::to_string(of));
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
  void make_old(const std::string& digest) const {
    std::filesystem::last_write_time(
        uploads.path(user, digest),
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(48));
  }
};

}  // namespace

TEST_CASE("a file and a folder come out as they were sent, apart for each user") {
  const Folder folder;
  const Uploads& uploads = folder.uploads;
  const std::string file = folder.put("content");
  const std::string archive = folder.put(archive_of("a/b.npy", "array"), Form::folder);
  CHECK(ampd::base::read_text(uploads.path(user, file), 100) == "content");
  CHECK(ampd::base::read_text(uploads.path(user, archive) / "a/b.npy", 100) == "array");
  CHECK(uploads.bytes(user) == 12);
  CHECK(uploads.bytes(1001) == 0);
  CHECK_FALSE(uploads.contains(1001, file));
  CHECK(error_of([&] { uploads.path(1001, file); }).find("not uploaded") != std::string::npos);
  folder.put("content");
  folder.put(archive_of("a/b.npy", "array"), Form::folder);
  CHECK(folder.entries() == 2);
}

TEST_CASE("what is cut, too long or another content leaves nothing") {
  const Folder folder;
  const std::string digest = ampd::base::sha256("content");
  const auto send = [&](const std::string& content, Form form, std::int64_t most) {
    return error_of([&] {
      Uploads::Writer writer = folder.uploads.writer(user, digest, form, most);
      writer.add(as_span(content));
      writer.finish();
    });
  };
  CHECK(send("conten", Form::file, 100).find("digest") != std::string::npos);
  CHECK(send("content", Form::file, 6).find("exceeds") != std::string::npos);
  CHECK(send("content", Form::folder, 100).find("archive is cut") != std::string::npos);
  CHECK(send(archive_of("x", "y").substr(0, 600), Form::folder, 9000).find("cut") !=
        std::string::npos);
  CHECK(send(archive_of("../x", "y"), Form::folder, 9000).find("leads out") != std::string::npos);
  CHECK(error_of([&] { folder.uploads.writer(user, "../x", Form::file, 1); }).find("no SHA-256") !=
        std::string::npos);
  { folder.uploads.writer(user, digest, Form::file, 100).add(as_span("con")); }
  CHECK(folder.entries() == 0);
}

TEST_CASE("what no job uses goes, after a day or with its last job") {
  const Folder folder;
  const Uploads& uploads = folder.uploads;
  const std::string used = folder.put("used");
  const std::string old = folder.put("old");
  const std::string fresh = folder.put("fresh");
  folder.make_old(used);
  folder.make_old(old);
  uploads.sweep({uploads.path(user, used)});
  CHECK(uploads.contains(user, used));
  CHECK_FALSE(uploads.contains(user, old));
  CHECK(uploads.contains(user, fresh));

  const std::string model = folder.put(archive_of("net.onnx", "model"), Form::folder);
  const std::filesystem::path in_model = uploads.path(user, model) / "net.onnx";
  uploads.remove({in_model, uploads.path(user, used), "/elsewhere"}, {uploads.path(user, used)});
  CHECK_FALSE(uploads.contains(user, model));
  CHECK(uploads.contains(user, used));
}
