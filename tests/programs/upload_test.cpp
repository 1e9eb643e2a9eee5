#include <sys/stat.h>

#include "site.hpp"

namespace {

/// A client of another user than the daemon's, who is root.
class Stranger {
 public:
  explicit Stranger(const Site& site) : site_(site) { ::chmod(site.folder().path().c_str(), 0755); }

  Result ctl(std::vector<std::string> arguments, const std::string& user = "4001") const {
    std::vector<std::string> all{"/usr/bin/setpriv", "--reuid",     user, "--regid", "0",
                                 "--clear-groups",   AMPCTL_PROGRAM};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return site_.finish(std::move(all));
  }

  /// Whether this machine lets us play him; says so if not.
  bool is_possible() const {
    const bool is_root = ::geteuid() == 0 && std::filesystem::exists("/usr/bin/setpriv");
    if (is_root && ctl({"--version"}).code == 0) return true;
    MESSAGE("skipped: needs root, setpriv, and a checkout that other users can read");
    return false;
  }

 private:
  const Site& site_;
};

}  // namespace

TEST_CASE("another user's model and data are uploaded, and the job is his alone") {
  const Site site;
  const Stranger stranger(site);
  if (!stranger.is_possible()) return;
  const Daemon daemon(site);
  const std::string job = site.easy_job();
  const Result submitted = stranger.ctl({"submit", job, "--wait"});
  CHECK_MESSAGE(submitted.code == 0, submitted.error);
  CHECK(submitted.error.find("uploading") != std::string::npos);
  CHECK(site.ask({"show", "easy"})["model"].get<std::string>().starts_with(
      (site.state() / "uploads/4001").string()));

  const Result again = stranger.ctl({"submit", job});
  CHECK(again.code == 0);
  CHECK(again.error.find("uploading") == std::string::npos);

  CHECK(stranger.ctl({"rm", "1"}, "4002").code == 5);
  CHECK(stranger.ctl({"show", "1"}, "4002").code == 0);
  CHECK(stranger.ctl({"rm", "1"}).code == 0);
  CHECK(stranger.ctl({"cancel", "easy"}, "65534").code == 5);
}

TEST_CASE("a daemon runs no command of another user") {
  const Site site;
  const Stranger stranger(site);
  if (!stranger.is_possible()) return;
  const Daemon daemon(site);
  const std::string job = site.folder() / "command.yaml";
  std::ofstream(job) << "model: {name: command, path: " AMPD_PROJECT_ROOT
                        "/examples/digits/digits.onnx}\n"
                        "evaluation: {eval_func: {command: [/bin/true]}}\n";
  const Result refused = stranger.ctl({"submit", job});
  CHECK(refused.code == 5);
  CHECK(refused.error.find("only for its own user") != std::string::npos);
}
