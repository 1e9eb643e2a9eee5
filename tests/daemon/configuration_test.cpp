#include "daemon/configuration.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "temporary_folder.hpp"

namespace ampd::daemon {
namespace {

std::string complaint(const std::string& text) {
  try {
    parse_configuration(text, "ampd.yaml");
    return "none";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_CASE("an empty file and one of comments are the defaults") {
  CHECK(parse_configuration("", "c") == Configuration{});
  CHECK(parse_configuration("# nothing\n", "c") == Configuration{});
  CHECK(Configuration{}.log_level == "info");
}

TEST_CASE("every key is read") {
  const Configuration configuration = parse_configuration(
      "state_dir: /srv/ampd\nsocket: \"/srv/a socket\"\nthreads: 4\nlog_level: debug\n"
      "admin_group: root\nupload_mib: 7\n",
      "c");
  CHECK(configuration.state_dir == "/srv/ampd");
  CHECK(configuration.socket == "/srv/a socket");
  CHECK(configuration.threads == 4);
  CHECK(configuration.log_level == "debug");
  CHECK(configuration.admin_group == 0);
  CHECK(configuration.upload_mib == 7);
}

TEST_CASE("a problem is named with its place and a remedy") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"threds: 4", "ampd.yaml:1:1: there is no key \"threds\"; did you mean \"threads\"?"},
      {"zzz: 4",
       "ampd.yaml:1:1: there is no key \"zzz\"; the keys are state_dir, socket, threads, "
       "memory_mib, trials_together, admin_group, upload_mib, log_level"},
      {"admin_group: nobodies", "ampd.yaml:1:14: there is no group \"nobodies\" for admin_group"},
      {"upload_mib: -1",
       "ampd.yaml:1:13: upload_mib takes a whole number from 0 (no uploads) to 67108864, not "
       "\"-1\""},
      {"threads: four",
       "ampd.yaml:1:10: threads takes a whole number from 0 (the physical cores) "
       "to 1024, not \"four\""},
      {"threads: -1",
       "ampd.yaml:1:10: threads takes a whole number from 0 (the physical cores) to "
       "1024, not \"-1\""},
      {"\nlog_level: loud",
       "ampd.yaml:2:12: log_level takes one of trace, debug, info, warn, "
       "error, not \"loud\""},
      {"state_dir: here", "ampd.yaml:1:12: state_dir takes an absolute path, not \"here\""},
      {"socket: [a]", "ampd.yaml:1:9: socket takes one value"},
      {"threads: 1\nthreads: 2", "ampd.yaml:2:1: the key \"threads\" stands here a second time"},
      {"- a", "ampd.yaml:1:1: a configuration is lines of \"key: value\""},
  };
  for (const auto& [text, sentence] : table) CHECK(complaint(text) == sentence);
}

TEST_CASE("all problems are named at once") {
  CHECK(complaint("a: 1\nthreads: x\n").find('\n') != std::string::npos);
  CHECK(complaint("threads: [").starts_with("ampd.yaml:"));
}

TEST_CASE("a file that was asked for must be there") {
  const TemporaryFolder folder;
  base::write_file(folder / "c.yaml", "threads: 3\n");
  CHECK(read_configuration(folder / "c.yaml").threads == 3);
  CHECK_THROWS_AS(read_configuration(folder / "none.yaml"), Error);
}

}  // namespace
}  // namespace ampd::daemon
