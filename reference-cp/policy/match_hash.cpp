/// Go's JSON of a list of matches, hashed.
#include "reference-cp/policy/match_hash.hpp"

#include <array>
#include <initializer_list>
#include <string_view>

#include <openssl/evp.h>

namespace kumasim::cp::policy {
namespace {

using Json = nlohmann::json;

std::string go_string(const std::string& text) {
  std::string out;
  for (char c : Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)) {
    switch (c) {  // Go escapes these so that JSON may stand inside HTML
      case '<': out += "\\u003c"; break;
      case '>': out += "\\u003e"; break;
      case '&': out += "\\u0026"; break;
      default: out += c;
    }
  }
  return out;
}

struct Text {
  const char* name;
  bool omit_empty = false;
};

/// An object of string fields in a given order.
std::string object(const Json& json, std::initializer_list<Text> fields) {
  std::string out = "{";
  for (const Text& field : fields) {
    std::string value = json.value(field.name, std::string());
    if (value.empty() && field.omit_empty) continue;
    if (out.size() > 1) out += ',';
    out += go_string(field.name) + ":" + go_string(value);
  }
  return out + "}";
}

std::string list(const Json& json, std::initializer_list<Text> fields) {
  std::string out = "[";
  for (const Json& each : json) out += (out.size() > 1 ? "," : "") + object(each, fields);
  return out + "]";
}

std::string match(const Json& json) {
  std::string out = "{";
  auto add = [&](const char* name, const std::string& value) {
    if (out.size() > 1) out += ',';
    out += go_string(name) + ":" + value;
  };
  if (auto path = json.find("path"); path != json.end()) add("path", object(*path, {{"value"}, {"type"}}));
  if (auto method = json.find("method"); method != json.end()) add("method", go_string(method->get<std::string>()));
  if (auto params = json.find("queryParams"); params != json.end())
    add("queryParams", list(*params, {{"type"}, {"name"}, {"value"}}));
  if (auto headers = json.find("headers"); headers != json.end())
    add("headers", list(*headers, {{"type", true}, {"name"}, {"value", true}}));
  return out + "}";
}

}  // namespace

std::string match_hash(const Json& matches) {
  std::string text = matches.is_array() ? "[" : "null";
  if (matches.is_array()) {
    for (const Json& each : matches) text += (text.size() > 1 ? "," : "") + match(each);
    text += "]";
  }
  std::array<unsigned char, 32> digest{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  std::array<unsigned char, 48> encoded{};
  int size = EVP_EncodeBlock(encoded.data(), digest.data(), int(digest.size()));
  return {reinterpret_cast<const char*>(encoded.data()), std::size_t(size)};
}

}  // namespace kumasim::cp::policy
