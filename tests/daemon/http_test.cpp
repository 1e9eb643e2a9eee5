#include "daemon/http.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace ampd::daemon {
namespace {

Request parsed(std::string_view target) {
  Request request;
  parse_target(target, request);
  return request;
}

TEST_CASE("an address is split into decoded parts") {
  const Request request = parsed("/v1/jobs/my%20job%2f2?last=3&name=a+b");
  CHECK(request.path == std::vector<std::string>{"v1", "jobs", "my job/2"});
  CHECK(request.query.at("last") == "3");
  CHECK(request.query.at("name") == "a b");
}

TEST_CASE("empty parts and a missing value are harmless") {
  const Request request = parsed("//v1/?&a&=");
  CHECK(request.path == std::vector<std::string>{"v1"});
  CHECK(request.query.at("a").empty());
}

TEST_CASE("a broken escape is refused") {
  for (const char* target : {"/v1/%", "/v1/%4", "/v1/%zz", "/v1?a=%4"}) {
    CAPTURE(target);
    CHECK_THROWS_AS(parsed(target), Error);
  }
}

TEST_CASE("an error keeps its code and sentence, whatever bytes they hold") {
  const Response response = error_response(Error(ErrorCode::not_found, "there is no job \"\xff\""));
  CHECK(response.status == 404);
  CHECK(
      to_line(std::get<Json>(response.body)) ==
      "{\"error\":{\"code\":\"not_found\",\"message\":\"there is no job \\\"\xef\xbf\xbd\\\"\"}}");
}

}  // namespace
}  // namespace ampd::daemon
