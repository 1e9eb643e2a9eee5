#include "protocol/fields.hpp"

#include <cmath>

#include "base/json.hpp"

namespace ampd::protocol {

nlohmann::json FieldWriter::to_json(double value) {
  return base::real_to_json(value);
}

FieldReader::FieldReader(const json& object, std::string place)
    : object_(object), place_(std::move(place)) {
  expect(object.is_object(), place_, "an object");
}

void FieldReader::expect(bool holds, const std::string& place, const std::string& expected) {
  if (!holds) throw Error(ErrorCode::invalid, "the field \"" + place + "\" must be " + expected);
}

const nlohmann::json* FieldReader::optional(const char* key) {
  asked_.insert(key);
  const auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

const nlohmann::json& FieldReader::required(const char* key) {
  const json* found = optional(key);
  if (found == nullptr) {
    throw Error(ErrorCode::invalid, "the field \"" + place(key) + "\" is missing");
  }
  return *found;
}

void FieldReader::finish() const {
  for (const auto& [key, value] : object_.items()) {
    if (!asked_.contains(key)) {
      throw Error(ErrorCode::invalid, "the field \"" + place_ + "." + key + "\" is unknown");
    }
  }
}

void FieldReader::operator()(const char* key, double& value, NotNegative) {
  (*this)(key, value);
  expect(std::isfinite(value) && value >= 0, place(key), "a finite number, not negative");
}

void FieldReader::operator()(const char* key, std::string& value, OneOf rule) {
  (*this)(key, value);
  std::string expected;
  for (const std::string_view word : rule.words) {
    if (value == word) return;
    expected += (expected.empty() ? "" : " or ") + std::string(word);
  }
  expect(false, place(key), expected);
}

void FieldReader::check_range(const std::string& place, std::int64_t value, Range range) {
  if (value >= range.min && value <= range.max) return;
  expect(false, place,
         "from " + std::to_string(range.min) + " to " + std::to_string(range.max) + ", but is " +
             std::to_string(value));
}

void FieldReader::read(const json& from, const std::string& place, std::int64_t& value) {
  const bool fits =
      from.is_number_integer() &&
      (!from.is_number_unsigned() || std::in_range<std::int64_t>(from.get<std::uint64_t>()));
  expect(fits, place, "an integer of 64 bits");
  value = from.get<std::int64_t>();
}

void FieldReader::read(const json& from, const std::string& place, int& value) {
  std::int64_t wide = 0;
  read(from, place, wide);
  expect(std::in_range<int>(wide), place, "an integer of 32 bits");
  value = static_cast<int>(wide);
}

void FieldReader::read(const json& from, const std::string& place, bool& value) {
  expect(from.is_boolean(), place, "true or false");
  value = from.get<bool>();
}

void FieldReader::read(const json& from, const std::string& place, double& value) {
  value = base::real_from_json(from, place);
}

void FieldReader::read(const json& from, const std::string& place, std::string& value) {
  expect(from.is_string(), place, "a text");
  value = from.get<std::string>();
  expect(value.find('\0') == std::string::npos, place, "a text without NUL");
}

void FieldReader::read(const json& from, const std::string& place, std::filesystem::path& value) {
  std::string text;
  read(from, place, text);
  value = text;
  expect(value.is_absolute(), place, "an absolute path");
}

void FieldReader::read(const json& from, const std::string&, json& value) {
  value = from;
}

void FieldReader::read(const json& from, const std::string& place, Precision& value) {
  std::string word;
  read(from, place, word);
  const std::optional<Precision> precision = parse_precision(word);
  expect(precision.has_value(), place, "a precision: fp32, bf16, fp16 or int8");
  value = *precision;
}

void FieldReader::read(const json& from, const std::string& place, ErrorCode& value) {
  std::string word;
  read(from, place, word);
  value = parse_error_code(word);
  expect(to_string(value) == word, place, "an error code");
}

void FieldReader::read(const json& from, const std::string& place, CaseStatus& value) {
  std::string word;
  read(from, place, word);
  for (const CaseStatus status :
       {CaseStatus::passed, CaseStatus::failed, CaseStatus::unsupported}) {
    if (to_string(status) == word) return void(value = status);
  }
  expect(false, place, "passed, failed or unsupported");
}

void FieldReader::read(const json& from, const std::string& place, job::Job& value) {
  try {
    value = job::from_json(from);
  } catch (const Error& error) {
    throw Error(ErrorCode::invalid,
                "the field \"" + place + "\" is not a resolved job: " + error.what());
  }
}

void FieldReader::read(const json& from, const std::string& place,
                       std::variant<Precision, std::map<std::string, Precision>>& value) {
  if (from.is_object()) {
    read(from, place, value.emplace<std::map<std::string, Precision>>());
  } else {
    read(from, place, value.emplace<Precision>());
  }
}

}  // namespace ampd::protocol
