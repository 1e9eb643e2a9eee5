// Exit codes and sentences for what is asked wrongly.
#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "site.hpp"

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A command line, the exit code that it gives, and what stderr says.
struct Row {
  std::vector<std::string> arguments;
  int code;
  std::string sentence;
};

void check(const Site& site, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::string line;
    for (const std::string& argument : row.arguments) line += argument + " ";
    CAPTURE(line);
    const Result result = site.finish(row.arguments);
    CAPTURE(result.error);
    CHECK(result.code == row.code);
    CHECK(holds(result.error, row.sentence));
  }
}

}  // namespace

TEST_CASE("a wrong command line is exit code 2") {
  const Site site;
  check(site, {{{AMPCTL_PROGRAM}, 2, "name a verb"},
               {{AMPCTL_PROGRAM, "explode"}, 2, "there is no verb \"explode\""},
               {{AMPCTL_PROGRAM, "show"}, 2, "JOB is required"},
               {{AMPCTL_PROGRAM, "list", "--last", "x"}, 2, "--last"},
               {{AMPCTL_PROGRAM, "export", "1", "-o", "d", "--profile", "int3"}, 2, "--profile"},
               {{AMPD_PROGRAM, "run"}, 2, "JOB is required"},
               {{AMPD_PROGRAM, "--explode"}, 2, "--explode"}});
}

TEST_CASE("help and version are exit code 0 and go to stdout") {
  const Site site;
  for (const char* program : {AMPCTL_PROGRAM, AMPD_PROGRAM}) {
    CHECK(site.finish({program, "--help"}).code == 0);
    const Result version = site.finish({program, "--version"});
    CHECK(version.code == 0);
    CHECK(holds(version.output, "0.1.0"));
  }
}

TEST_CASE("without a daemon control is exit code 4, and so is looking without a database") {
  const Site site;
  check(site,
        {{{AMPCTL_PROGRAM, "pause", "1"}, 4, "no daemon answers at " + site.socket().string()},
         {{AMPCTL_PROGRAM, "submit", site.easy_job()}, 4, "no daemon answers"},
         {{AMPCTL_PROGRAM, "watch", "1"}, 4, "no daemon answers"},
         {{AMPCTL_PROGRAM, "list"}, 4, "there is no database"},
         {{AMPCTL_PROGRAM, "--state-dir", site.state(), "list"}, 3, "no database"},
         {{AMPCTL_PROGRAM, "check", "--state-dir", site.state()}, 3, "no database"}});
}

TEST_CASE("a bad job file is exit code 1 with its place") {
  const Site site;
  const std::string typo = site.folder() / "typo.yaml";
  std::ofstream(typo) << "model: {name: a, path: nowhere.onnx}\ntunning: {}\n";
  check(site, {{{AMPCTL_PROGRAM, "submit", typo}, 1, "typo.yaml:2:1"},
               {{AMPD_PROGRAM, "run", typo, "--state-dir", site.state()}, 1, "typo.yaml:2:1"},
               {{AMPCTL_PROGRAM, "submit", site.folder() / "none.yaml"}, 3, "none.yaml"},
               {{AMPD_PROGRAM, "run", site.folder() / "none.yaml"}, 3, "none.yaml"}});
  CHECK_FALSE(std::filesystem::exists(site.state()));
  const Result lint = site.ctl({"lint", typo, "--json"});
  CHECK(lint.code == 1);
  CHECK(lint.json().at("errors").size() >= 2);
  CHECK(lint.json().at("errors")[0].at("line") == 1);
}

TEST_CASE("a precision without kernels is exit code 1 and says why it cannot be tuned to") {
  const Site site;
  const std::string half = site.folder() / "half.yaml";
  std::ofstream(half) << "model: {name: a, path: nowhere.onnx}\n"
                         "mixed_precision: {precisions: [fp16]}\n"
                         "evaluation: {accuracy: {metric: {topk: 1}, dataloader: {dataset: "
                         "{npy: {input: x.npy, label: y.npy}}}}}\n";
  const std::string message =
      "half.yaml:2:19: mixed_precision.precisions: no operator can be tuned to fp16: oneDNN has no "
      "kernel that computes in it on this CPU; try: bf16";
  const Result lint = site.ctl({"lint", half});
  CHECK(lint.code == 1);
  CHECK(holds(lint.output, message));
  check(site, {{{AMPCTL_PROGRAM, "submit", half}, 1, message},
               {{AMPD_PROGRAM, "run", half, "--state-dir", site.state()}, 1, message}});
  CHECK_FALSE(std::filesystem::exists(site.state()));
}

TEST_CASE("a wrong configuration is exit code 78 with its place") {
  const Site site;
  const std::string file = site.folder() / "bad.yaml";
  std::ofstream(file) << "threads: many\n";
  check(site, {{{AMPD_PROGRAM, "--config", file}, 78, "bad.yaml:1:10: threads takes"},
               {{AMPD_PROGRAM, "--config", site.folder() / "none.yaml"}, 78, "none.yaml"}});
}

TEST_CASE("a damaged database and one that is newer are exit code 65, and stay as they are") {
  const Site site;
  std::filesystem::create_directory(site.state());
  std::ofstream(site.state() / "ampd.db") << std::string(8192, 'x');
  check(site,
        {{{AMPCTL_PROGRAM, "list", "--state-dir", site.state()}, 65, "ampd.db"},
         {{AMPD_PROGRAM, "--state-dir", site.state()}, 65, "ampd.db"},
         {{AMPD_PROGRAM, "run", site.easy_job(), "--state-dir", site.state()}, 65, "ampd.db"}});
  CHECK(std::filesystem::file_size(site.state() / "ampd.db") == 8192);
}
