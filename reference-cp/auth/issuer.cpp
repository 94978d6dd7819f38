#include "reference-cp/auth/issuer.hpp"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reference-cp/auth/jwt.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr Duration issue_skew = std::chrono::seconds(5);

/// A random UUID (RFC 9562, version 4).
std::string token_id(Random& random) {
  std::array<std::byte, 16> bytes;
  random.fill(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", static_cast<unsigned>(bytes[i]));
  }
  return out;
}

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

/// `time + duration`, where that can be told in nanoseconds, else the last time that can.
WallTime later(WallTime time, Duration duration) {
  if (duration > Duration::zero() && time > WallTime::max() - duration) return WallTime::max();
  return time + duration;
}

}  // namespace

json to_claims(const DataplaneIdentity& identity) {
  json tags = json::object();
  for (const auto& [tag, values] : identity.tags) tags[tag] = values;
  return {{"Name", identity.name}, {"Mesh", identity.mesh}, {"Tags", std::move(tags)}, {"Type", identity.type}};
}

json to_claims(const ZoneIdentity& identity) { return {{"Zone", identity.zone}, {"Scope", identity.scope}}; }

json to_claims(const UserIdentity& identity) {
  json groups;
  if (identity.has_groups) groups = identity.groups;
  return {{"Name", identity.name}, {"Groups", std::move(groups)}};
}

Result<std::string> sign_token(const TokenKey& key, const std::string& kid, json claims, TokenTimes times,
                               Random& random) {
  WallTime from = times.now - issue_skew;
  claims["jti"] = token_id(random);
  claims["iat"] = seconds_of(from);
  claims["nbf"] = seconds_of(from);
  claims["exp"] = seconds_of(later(times.now, times.valid_for));
  return write_jwt(key, kid, claims);
}

asio::awaitable<Result<std::string>> TokenIssuer::issue(KeyFamily family, json claims, Duration valid_for) const {
  auto latest = co_await keys_.latest(std::move(family));
  if (!latest) co_return fail(latest.error());
  co_return sign_token(latest->key, latest->id, std::move(claims), {clock_.wall_now(), valid_for}, random_);
}

}  // namespace kumasim::cp
