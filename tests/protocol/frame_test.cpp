#include "protocol/frame.hpp"

#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "ampd/error.hpp"
#include "base/limits.hpp"
#include "protocol/refusal.hpp"

using ampd::protocol::encode_frame;
using ampd::protocol::Frame;
using ampd::protocol::FrameDecoder;

namespace {

std::vector<Frame> decode(FrameDecoder& decoder, std::string_view bytes) {
  std::vector<Frame> frames;
  decoder.add(bytes);
  while (auto frame = decoder.next()) frames.push_back(*frame);
  return frames;
}

std::string header(std::string_view magic, std::uint32_t size, std::uint32_t descriptors) {
  std::string bytes(magic);
  for (const std::uint32_t value : {size, descriptors}) {
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(value >> shift));
  }
  return bytes;
}

}  // namespace

TEST_CASE("frames come out as they went in, whatever the portions") {
  const std::string stream =
      encode_frame("first", 2) + encode_frame("x") + encode_frame("third", 1);
  for (std::size_t portion = 1; portion <= stream.size(); ++portion) {
    FrameDecoder decoder;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < stream.size(); at += portion) {
      for (Frame& frame : decode(decoder, std::string_view(stream).substr(at, portion))) {
        frames.push_back(std::move(frame));
      }
    }
    REQUIRE(frames.size() == 3);
    CHECK(frames[0].text == "first");
    CHECK(frames[0].descriptors == 2);
    CHECK(frames[1].text == "x");
    CHECK(frames[1].descriptors == 0);
    CHECK(frames[2].text == "third");
    CHECK(frames[2].descriptors == 1);
    CHECK(decoder.is_between_frames());
  }
}

TEST_CASE("every truncation of a frame is an unfinished frame") {
  const std::string bytes = encode_frame("a text of some length", 3);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    FrameDecoder decoder;
    CHECK(decode(decoder, std::string_view(bytes).substr(0, size)).empty());
    CHECK(decoder.is_between_frames() == (size == 0));
  }
}

TEST_CASE("a header beyond the limits is refused before its text arrives") {
  const auto frame_max = static_cast<std::uint32_t>(ampd::base::limits::frame_bytes);
  const auto descriptors_max = static_cast<std::uint32_t>(ampd::base::limits::frame_descriptors);
  const std::vector<std::string> refused{header("AMPD", 0, 0),
                                         header("AMPD", frame_max + 1, 0),
                                         header("AMPD", 1U << 31, 0),
                                         header("AMPD", 0xFFFFFFFFU, 0),
                                         header("AMPD", 1, descriptors_max + 1),
                                         header("AMPD", 1, 0xFFFFFFFFU),
                                         header("amPD", 1, 0),
                                         "B",
                                         "AMPE",
                                         "Segmentation fault"};
  for (const std::string& bytes : refused) {
    FrameDecoder decoder;
    CHECK_THROWS_AS(decode(decoder, bytes), ampd::Error);
  }
  FrameDecoder decoder;
  CHECK(decode(decoder, header("AMPD", frame_max, descriptors_max)).empty());
}

TEST_CASE("a damaged byte never yields anything but frames or a refusal") {
  const std::string intact = encode_frame("{\"kind\":\"stop\"}", 1) + encode_frame("second");
  for (std::size_t at = 0; at < intact.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = intact;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
      FrameDecoder decoder;
      try {
        for (const Frame& frame : decode(decoder, bytes)) {
          CHECK(!frame.text.empty());
          CHECK(frame.text.size() <= intact.size());
        }
      } catch (const ampd::Error& error) {
        CHECK(error.code() == ampd::ErrorCode::invalid);
      }
    }
  }
}

TEST_CASE("random bytes are refused or wait for more") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (round % 2 == 0) bytes = "AMPD" + bytes;
    FrameDecoder decoder;
    try {
      decode(decoder, bytes);
    } catch (const ampd::Error& error) {
      CHECK(error.code() == ampd::ErrorCode::invalid);
    }
  }
}

TEST_CASE("what no frame may hold is not encoded") {
  CHECK(refusal([] { encode_frame(""); }).find("0 bytes") != std::string::npos);
  CHECK_THROWS_AS(
      encode_frame(std::string(static_cast<std::size_t>(ampd::base::limits::frame_bytes) + 1, 'x')),
      ampd::Error);
  CHECK_THROWS_AS(
      encode_frame("x", static_cast<std::size_t>(ampd::base::limits::frame_descriptors) + 1),
      ampd::Error);
}
