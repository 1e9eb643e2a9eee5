// One description of a message's fields serves for writing and for reading it.
//
// `describe(fields, message)` names each field once. Given a FieldWriter it makes a JSON object;
// given a FieldReader it fills the message and judges every field, as hostile input: its presence,
// its type, its range, and that nothing else is there.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "ampd/error.hpp"
#include "ampd/precision.hpp"
#include "job/job.hpp"
#include "protocol/order.hpp"

namespace ampd::protocol {

/// `const Message` when writing, `Message` when reading.
template <class Subject, class Message>
concept of = std::same_as<std::remove_const_t<Subject>, Message>;

/// What an integer may be.
struct Range {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// One of a few words.
struct OneOf {
  std::initializer_list<std::string_view> words;
};

/// A real number that is finite and not negative.
struct NotNegative {};

class FieldWriter {
 public:
  template <class T>
  void operator()(const char* key, const T& value) {
    object_[key] = to_json(value);
  }
  template <class T>
  void operator()(const char* key, const std::optional<T>& value) {
    if (value) object_[key] = to_json(*value);
  }
  template <class T, class Rule>
  void operator()(const char* key, const T& value, Rule) {
    (*this)(key, value);
  }

  nlohmann::json take() { return std::move(object_); }

 private:
  static nlohmann::json to_json(std::int64_t value) { return value; }
  static nlohmann::json to_json(int value) { return value; }
  static nlohmann::json to_json(bool value) { return value; }
  static nlohmann::json to_json(double value);
  static nlohmann::json to_json(const std::string& value) { return value; }
  static nlohmann::json to_json(const std::filesystem::path& value) { return value.string(); }
  static nlohmann::json to_json(const nlohmann::json& value) { return value; }
  static nlohmann::json to_json(Precision value) { return std::string(to_string(value)); }
  static nlohmann::json to_json(ErrorCode value) { return std::string(to_string(value)); }
  static nlohmann::json to_json(CaseStatus value) { return std::string(to_string(value)); }
  static nlohmann::json to_json(const job::Job& value) { return job::to_json(value); }

  /// One precision for all, or one for each.
  static nlohmann::json to_json(
      const std::variant<Precision, std::map<std::string, Precision>>& value) {
    return std::visit([](const auto& held) { return to_json(held); }, value);
  }
  template <class T>
  static nlohmann::json to_json(const std::vector<T>& values) {
    nlohmann::json list = nlohmann::json::array();
    for (const T& value : values) list.push_back(to_json(value));
    return list;
  }
  template <class T>
  static nlohmann::json to_json(const std::map<std::string, T>& values) {
    nlohmann::json object = nlohmann::json::object();
    for (const auto& [key, value] : values) object[key] = to_json(value);
    return object;
  }
  template <class T>
  requires std::is_class_v<T>
  static nlohmann::json to_json(const T& message) {
    FieldWriter fields;
    describe(fields, message);
    return fields.take();
  }

  nlohmann::json object_ = nlohmann::json::object();
};

class FieldReader {
 public:
  /// `place` is the object's path, for sentences: "reply.space".
  FieldReader(const nlohmann::json& object, std::string place);

  template <class T>
  void operator()(const char* key, T& value) {
    read(required(key), place(key), value);
  }
  template <class T>
  void operator()(const char* key, std::optional<T>& value) {
    const nlohmann::json* found = optional(key);
    if (found == nullptr) return value.reset();
    read(*found, place(key), value.emplace());
  }
  template <class T>
  void operator()(const char* key, T& value, Range range) {
    (*this)(key, value);
    check_range(place(key), value, range);
  }
  void operator()(const char* key, double& value, NotNegative rule);
  void operator()(const char* key, std::string& value, OneOf rule);

  /// Throws when the object holds a field that was not asked for.
  void finish() const;

 private:
  const nlohmann::json& required(const char* key);
  const nlohmann::json* optional(const char* key);
  std::string place(const char* key) const { return place_ + "." + key; }

  using json = nlohmann::json;
  static void read(const json& from, const std::string& place, std::int64_t& value);
  static void read(const json& from, const std::string& place, int& value);
  static void read(const json& from, const std::string& place, bool& value);
  static void read(const json& from, const std::string& place, double& value);
  static void read(const json& from, const std::string& place, std::string& value);
  static void read(const json& from, const std::string& place, std::filesystem::path& value);
  static void read(const json& from, const std::string& place, json& value);
  static void read(const json& from, const std::string& place, Precision& value);
  static void read(const json& from, const std::string& place, ErrorCode& value);
  static void read(const json& from, const std::string& place, CaseStatus& value);
  static void read(const json& from, const std::string& place, job::Job& value);
  static void read(const json& from, const std::string& place,
                   std::variant<Precision, std::map<std::string, Precision>>& value);
  static void expect(bool holds, const std::string& place, const std::string& expected);
  static void check_range(const std::string& place, std::int64_t value, Range range);

  template <class T>
  static void check_range(const std::string& place, const std::vector<T>& values, Range range) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      check_range(place + "[" + std::to_string(i) + "]", values[i], range);
    }
  }
  template <class T>
  static void check_range(const std::string& place, const std::map<std::string, T>& values,
                          Range range) {
    for (const auto& [key, value] : values) check_range(place + "." + key, value, range);
  }

  template <class T>
  static void read(const json& from, const std::string& place, std::vector<T>& values) {
    expect(from.is_array(), place, "a list");
    values.assign(from.size(), T{});
    for (std::size_t i = 0; i < from.size(); ++i) {
      read(from[i], place + "[" + std::to_string(i) + "]", values[i]);
    }
  }
  template <class T>
  static void read(const json& from, const std::string& place, std::map<std::string, T>& values) {
    expect(from.is_object(), place, "an object");
    values.clear();
    for (const auto& [key, value] : from.items()) {
      expect(key.find('\0') == std::string::npos, place, "an object whose keys hold no NUL");
      read(value, place + "." + key, values[key]);
    }
  }
  template <class T>
  requires std::is_class_v<T>
  static void read(const json& from, const std::string& place, T& message) {
    FieldReader fields(from, place);
    describe(fields, message);
    fields.finish();
  }

  const json& object_;
  std::string place_;
  std::set<std::string, std::less<>> asked_;
};

/// A message out of a variant: its fields, and its kind by name in the field "kind".
template <class Variant>
nlohmann::json message_to_json(
    const Variant& message,
    const std::array<std::string_view, std::variant_size_v<Variant>>& kinds) {
  FieldWriter fields;
  std::visit([&fields](const auto& held) { describe(fields, held); }, message);
  fields("kind", std::string(kinds[message.index()]));
  return fields.take();
}

template <class Variant>
Variant message_from_json(const nlohmann::json& json, const std::string& place,
                          const std::array<std::string_view, std::variant_size_v<Variant>>& kinds) {
  FieldReader fields(json, place);
  std::string kind;
  fields("kind", kind);
  std::optional<Variant> message;
  const auto read_if_named = [&]<std::size_t index>() {
    if (kinds[index] != kind) return;
    message.emplace(std::in_place_index<index>);
    describe(fields, std::get<index>(*message));
  };
  [&]<std::size_t... indices>(std::index_sequence<indices...>) {
    (read_if_named.template operator()<indices>(), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Variant>>{});
  if (!message) {
    throw Error(ErrorCode::invalid, "the field \"" + place + ".kind\" names no known message");
  }
  fields.finish();
  return *std::move(message);
}

}  // namespace ampd::protocol
