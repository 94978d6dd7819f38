#include "reference-cp/auth/signing_keys.hpp"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {
namespace {

/// The key without a number, of before Kuma 1.4.
constexpr const char* unnumbered_id = "0";

const Kind& kind_of(const KeyFamily& family) { return family.mesh.empty() ? kind::global_secret() : kind::secret(); }

std::string secret_name(const KeyFamily& family, const std::string& id) {
  return id == unnumbered_id ? family.prefix : family.prefix + "-" + id;
}

/// "" where it has none; nullopt where they cannot be decoded.
std::optional<std::string> bytes_of(const Resource& secret) {
  auto data = secret.spec.find("data");
  if (data == secret.spec.end() || data->is_null()) return std::string();
  if (!data->is_string()) return std::nullopt;
  return base64_decode(data->get<std::string>());
}

/// Of a key of this prefix: the number behind it, 0 for the prefix alone. nullopt for any other secret, one whose
/// number is not written as an id is among them: a token could not name it. Kuma counts all that begin with the prefix.
std::optional<int> serial_number(std::string_view name, const std::string& prefix) {
  if (name == prefix) return 0;
  if (!name.starts_with(prefix + "-")) return std::nullopt;
  std::string_view digits = name.substr(prefix.size() + 1);
  int out = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  bool fits = error == std::errc() && end == digits.data() + digits.size() && out > 0 && digits.front() != '0';
  return fits ? std::optional(out) : std::nullopt;
}

std::unexpected<Error> no_key(const KeyFamily& family, const std::string& id) {
  std::string name = secret_name(family, id);
  std::string where = family.mesh.empty() ? fmt::format("GlobalSecret of name \"{}\"", name)
                                          : fmt::format("Secret of name \"{}\" in mesh \"{}\"", name, family.mesh);
  return fail(Code::not_found,
              fmt::format("there is no signing key with KID {}. {} is not found. If signing key was rotated, "
                          "regenerate the token",
                          id, where),
              signing_key_field);
}

Resource secret_of(const KeyFamily& family, std::string name, std::string base64) {
  Resource out;
  out.kind = &kind_of(family);
  out.meta.mesh = family.mesh;
  out.meta.name = std::move(name);
  out.spec = {{"data", std::move(base64)}};
  return out;
}

}  // namespace

KeyFamily dataplane_token_keys(const std::string& mesh) {
  return {"dataplane-token-signing-key-" + mesh, mesh, "dataplane-token-revocations-" + mesh};
}
KeyFamily zone_token_keys() { return {"zone-token-signing-key", "", "zone-token-revocations"}; }
KeyFamily zone_token_public_keys() {
  return {"zone-token-signing-public-key", "", "zone-token-revocations", true};
}
KeyFamily user_token_keys() { return {"user-token-signing-key", "", "user-token-revocations"}; }

asio::awaitable<Result<List>> SigningKeys::list(const KeyFamily& family) const {
  ListOptions options;
  options.mesh = family.mesh;
  options.filter = [prefix = family.prefix](const Resource& secret) {
    return serial_number(secret.meta.name, prefix).has_value();
  };
  co_return co_await store_.list(kind_of(family), std::move(options));
}

asio::awaitable<Result<SigningKeys::Latest>> SigningKeys::latest(KeyFamily family) const {
  auto secrets = co_await list(family);
  if (!secrets) co_return fail(secrets.error());
  int highest = -1;
  ResourcePtr found;
  for (const auto& secret : secrets->items) {
    int number = *serial_number(secret->meta.name, family.prefix);
    if (number <= highest) continue;
    highest = number;
    found = secret;
  }
  if (!found) co_return no_key(family, "1");
  auto key = TokenKey::from_private(bytes_of(*found).value_or(""));
  if (!key) co_return fail(Code::internal, fmt::format("signing key {}: {}", found->meta.name, key.error().message));
  co_return Latest{*std::move(key), std::to_string(highest)};
}

asio::awaitable<Result<TokenKey>> SigningKeys::find(KeyFamily family, std::string id) const {
  auto secret = co_await store_.get(kind_of(family), {family.mesh, secret_name(family, id)});
  if (!secret && secret.error().code == Code::not_found) co_return no_key(family, id);
  if (!secret) co_return fail(secret.error().code, "could not retrieve signing key: " + secret.error().message);
  const std::string bytes = bytes_of(**secret).value_or("");
  co_return family.only_verify ? TokenKey::from_public(bytes) : TokenKey::from_private(bytes);
}

asio::awaitable<Result<bool>> SigningKeys::is_revoked(KeyFamily family, std::string token_id) const {
  // Kuma 2.12 looks for a GlobalSecret even where the tokens are a mesh's; its manual says a Secret of the mesh. Either
  // revokes here.
  std::vector<std::pair<const Kind*, ResourceKey>> places = {{&kind::global_secret(), {"", family.revocations}}};
  if (!family.mesh.empty()) places.push_back({&kind::secret(), {family.mesh, family.revocations}});
  for (const auto& [kind, key] : places) {
    auto secret = co_await store_.get(*kind, key);
    if (!secret && secret.error().code == Code::not_found) continue;
    if (!secret) co_return fail(secret.error());
    auto ids = bytes_of(**secret);
    // Whom it revokes nobody knows.
    if (!ids) co_return fail(Code::data_loss, fmt::format("{} {} is not in base64", kind->type(), family.revocations));
    if (ids->ends_with('\n')) ids->pop_back();
    for (std::size_t at = 0; at <= ids->size() && !ids->empty();) {
      auto end = std::min(ids->find(',', at), ids->size());
      if (std::string_view(*ids).substr(at, end - at) == token_id) co_return true;
      at = end + 1;
    }
  }
  co_return false;
}

asio::awaitable<Result<bool>> SigningKeys::ensure(KeyFamily family, MakeKey make) const {
  auto secrets = co_await list(family);
  if (!secrets) co_return fail(secrets.error());
  if (!secrets->items.empty()) co_return false;
  auto key = co_await make();
  if (!key) co_return fail(key.error());
  auto kept = co_await store_.create(secret_of(family, secret_name(family, "1"), *std::move(key)), clock_.wall_now());
  if (!kept && kept.error().code != Code::already_exists) co_return fail(kept.error());
  co_return kept.has_value();
}

asio::awaitable<Result<>> SigningKeys::put_global(std::string name, std::string bytes) const {
  auto kept = co_await store_.create(secret_of({}, std::move(name), base64_encode(bytes)), clock_.wall_now());
  if (!kept && kept.error().code != Code::already_exists) co_return fail(kept.error());
  co_return Result<>();
}

asio::awaitable<Result<bool>> SigningKeys::has_global(std::string name) const {
  auto found = co_await store_.get(kind::global_secret(), {"", std::move(name)});
  if (!found && found.error().code != Code::not_found) co_return fail(found.error());
  co_return found.has_value();
}

}  // namespace kumasim::cp
