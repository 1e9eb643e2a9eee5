#include "base/digest.hpp"

#include <openssl/evp.h>

#include <array>

#include "base/check.hpp"

namespace ampd::base {

void Digest::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Digest::Digest() : context_(EVP_MD_CTX_new()) {
  AMPD_CHECK(context_ != nullptr);
  AMPD_CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::add(std::span<const std::byte> bytes) {
  AMPD_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

void Digest::add(std::string_view text) {
  add(std::as_bytes(std::span(text)));
}

std::string Digest::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned int size = 0;
  AMPD_CHECK(EVP_DigestFinal_ex(context_.get(), raw.data(), &size) == 1);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[raw[i] >> 4];
    hex += digits[raw[i] & 15];
  }
  return hex;
}

std::string sha256(std::string_view text) {
  Digest digest;
  digest.add(text);
  return digest.finish();
}

}  // namespace ampd::base
