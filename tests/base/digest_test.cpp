#include "base/digest.hpp"

#include <doctest/doctest.h>

TEST_CASE("SHA-256 of the published test vectors") {
  CHECK(ampd::base::sha256("") ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(ampd::base::sha256("abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a digest does not depend on how its bytes were cut") {
  ampd::base::Digest digest;
  digest.add("a");
  digest.add("");
  digest.add("bc");
  CHECK(digest.finish() == ampd::base::sha256("abc"));
}
