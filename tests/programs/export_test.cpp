// Exports: the model, its config and the report.
#include <doctest/doctest.h>

#include <string>

#include "base/files.hpp"
#include "site.hpp"

namespace {

std::string content(const std::filesystem::path& path) {
  return ampd::base::read_text(path, 64 << 20);
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an export holds model, config and report, the same with a daemon and without") {
  const Site site;
  const std::string online = site.folder() / "online", offline = site.folder() / "offline";
  {
    Daemon daemon(site);
    REQUIRE(site.ctl({"submit", site.easy_job(), "--wait"}).code == 0);
    const Result result = site.ctl({"export", "easy", "-o", online});
    CHECK_MESSAGE(result.code == 0, result.error);
  }
  const Result result =
      site.ctl({"export", "easy", "-o", offline, "--state-dir", site.state(), "--json"});
  CHECK_MESSAGE(result.code == 0, result.error);
  CHECK(result.json().at("samples_compared").get<int>() > 0);
  for (const char* file : {"/model.onnx", "/config.json", "/report.md"}) {
    CAPTURE(file);
    CHECK(content(online + file) == content(offline + file));
  }
  const Json config = Json::parse(content(online + "/config.json"));
  for (const auto& [op, precision] : config.at("ops").items()) CHECK(precision == "bf16");
  CHECK(holds(content(online + "/report.md"), "the goal is met"));
  CHECK(std::distance(std::filesystem::directory_iterator(online), {}) == 3);
}

TEST_CASE("the fp32 profile is another model") {
  const Site site;
  REQUIRE(site.run(site.easy_job()).code == 0);
  const std::string bf16 = site.folder() / "bf16", fp32 = site.folder() / "fp32";
  REQUIRE(site.ctl({"export", "1", "-o", bf16, "--state-dir", site.state()}).code == 0);
  REQUIRE(site.ctl({"export", "1", "-o", fp32, "--profile", "fp32", "--state-dir", site.state()})
              .code == 0);
  CHECK(content(bf16 + "/model.onnx").size() < content(fp32 + "/model.onnx").size());
}

TEST_CASE("a job without a config to export is in the wrong state") {
  const Site site;
  Daemon daemon(site);
  REQUIRE(site.ctl({"submit", site.long_job("long", 20)}).code == 0);
  REQUIRE(site.ctl({"cancel", "long"}).code == 0);
  const Result result = site.ctl({"export", "long", "-o", site.folder() / "none"});
  CHECK(result.code == 6);
  CHECK_FALSE(std::filesystem::exists(site.folder() / "none"));
}
