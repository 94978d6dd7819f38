#include "reference-cp/auth/jwt.hpp"

#include <fmt/format.h>

#include "reference-cp/auth/base64url.hpp"
#include "reference-cp/model/json_text.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

const json absent;

std::unexpected<Error> malformed(std::string what) {
  return fail(Code::invalid_argument, "token is malformed: " + std::move(what));
}

/// One part of the token as an object.
Result<json> part(std::string_view text, const char* name) {
  auto bytes = base64url_decode(text);
  if (!bytes) return malformed(fmt::format("could not base64 decode {}: illegal base64 data", name));
  auto value = parse_json(*bytes);
  if (!value) return malformed(fmt::format("could not JSON decode {}: {}", name, value.error().message));
  if (!value->is_object()) return malformed(fmt::format("could not JSON decode {}: it is no object", name));
  return *std::move(value);
}

bool equal_names(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::unexpected<Error> bad_claim(std::string_view name) {
  return malformed(fmt::format("could not JSON decode claim: \"{}\" has another type", name));
}

}  // namespace

Result<std::string> write_jwt(const TokenKey& key, const std::string& kid, const json& claims) {
  json header = {{"alg", key.algorithm()}, {"kid", kid}, {"typ", "JWT"}};
  std::string out = base64url_encode(header.dump()) + ".";
  out += base64url_encode(claims.dump(-1, ' ', false, json::error_handler_t::replace));
  auto signature = key.sign(out);
  if (!signature) return fail(signature.error());
  return out + "." + base64url_encode(*signature);
}

Result<Jwt> parse_jwt(std::string_view text) {
  if (text.size() > token_bytes_max) return malformed("token is too long");
  auto first = text.find('.');
  auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos)
    return malformed("token contains an invalid number of segments");
  Jwt out;
  auto header = part(text.substr(0, first), "header");
  if (!header) return fail(header.error());
  auto claims = part(text.substr(first + 1, second - first - 1), "claim");
  if (!claims) return fail(claims.error());
  auto signature = base64url_decode(text.substr(second + 1));
  if (!signature) return malformed("could not base64 decode signature: illegal base64 data");
  auto algorithm = header->find("alg");
  if (algorithm == header->end() || !algorithm->is_string())
    return fail(Code::invalid_argument, "token is unverifiable: signing method (alg) is unspecified");
  out.header = *std::move(header);
  out.claims = *std::move(claims);
  out.signed_text = text.substr(0, second);
  out.signature = *std::move(signature);
  return out;
}

Result<> check_times(const json& claims, WallTime now) {
  double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  for (const char* name : {"exp", "nbf"}) {
    const json& time = find_claim(claims, name);
    if (time.is_null()) continue;
    if (!time.is_number()) return bad_claim(name);
    bool is_end = std::string_view(name) == "exp";
    bool fits = is_end ? seconds < time.get<double>() : seconds >= time.get<double>();
    if (!fits)
      return fail(Code::unauthenticated, is_end ? "token has invalid claims: token is expired"
                                                : "token has invalid claims: token is not valid yet");
  }
  return {};
}

const json& find_claim(const json& claims, std::string_view name) {
  if (auto found = claims.find(name); found != claims.end()) return *found;
  for (const auto& [key, value] : claims.items())
    if (equal_names(key, name)) return value;
  return absent;
}

Result<std::string> text_claim(const json& claims, std::string_view name) {
  const json& value = find_claim(claims, name);
  if (value.is_null()) return std::string();
  if (!value.is_string()) return bad_claim(name);
  return value.get<std::string>();
}

Result<std::vector<std::string>> list_claim(const json& claims, std::string_view name) {
  std::vector<std::string> out;
  const json& value = find_claim(claims, name);
  if (value.is_null()) return out;
  if (!value.is_array()) return bad_claim(name);
  for (const json& entry : value) {
    if (!entry.is_string()) return bad_claim(name);
    out.push_back(entry.get<std::string>());
  }
  return out;
}

}  // namespace kumasim::cp
