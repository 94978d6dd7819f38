#include "reference-cp/auth/validator.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reference-cp/auth/jwt.hpp"

namespace kumasim::cp {
namespace {

constexpr const char* unverifiable = "token is unverifiable: error while executing keyfunc: ";
constexpr const char* memory_hint =
    ". kuma-cp runs with an in-memory database and its state isn't preserved between restarts. Keep in mind that an "
    "in-memory database cannot be used with multiple instances of the control plane";

}  // namespace

std::unexpected<Error> TokenValidator::refuse(const Error& reason) const {
  if (reason.field == signing_key_field) return fail(Code::unauthenticated, reason.message);
  return fail(Code::unauthenticated,
              fmt::format("could not parse token{}: {}", options_.memory_store ? memory_hint : "", reason.message));
}

asio::awaitable<Result<TokenKey>> TokenValidator::find_key(const KeyFamily& family, const std::string& kid) const {
  for (const OfflineKey& offline : options_.public_keys) {
    bool fits = offline.kid == kid && (offline.mesh.empty() || offline.mesh == family.mesh);
    if (!fits) continue;
    auto key = TokenKey::from_public(offline.pem);
    if (key) co_return key;
  }
  if (options_.use_secrets) co_return co_await keys_.find(family, kid);
  co_return fail(Code::not_found,
                 fmt::format("there is no signing key with KID {}. GlobalSecret of name \"-{}\" is not found. If "
                             "signing key was rotated, regenerate the token",
                             kid, kid),
                 signing_key_field);
}

asio::awaitable<Result<nlohmann::json>> TokenValidator::validate(std::string token, KeyFamily family) const {
  auto jwt = parse_jwt(token);
  if (!jwt) co_return refuse(jwt.error());
  std::string algorithm = jwt->header["alg"].get<std::string>();
  auto kid = jwt->header.find("kid");
  std::string broken;
  if (kid == jwt->header.end())
    broken = "JWT token must have kid header";
  else if (!kid->is_string())
    broken = "JWT token kid header must be a string";
  else if (algorithm != "RS256" && algorithm != "ES256")
    broken = fmt::format("unsupported token alg {}. Allowed algorithms are RS256 and ES256", algorithm);
  if (!broken.empty()) co_return refuse({Code::unauthenticated, unverifiable + broken, {}});
  std::string id = kid->get<std::string>();
  auto key = co_await find_key(family, id);
  if (!key) {
    Error error = key.error();
    if (error.field != signing_key_field) error.message = unverifiable + error.message;
    co_return refuse(error);
  }
  if (key->algorithm() != algorithm)
    co_return refuse({Code::unauthenticated, "token signature is invalid: the key is of another algorithm", {}});
  if (!key->verifies(jwt->signed_text, jwt->signature))
    co_return refuse({Code::unauthenticated, "token signature is invalid: crypto/rsa: verification error", {}});
  if (auto timely = check_times(jwt->claims, clock_.wall_now()); !timely) co_return refuse(timely.error());
  auto token_id = text_claim(jwt->claims, "jti");
  if (!token_id) co_return refuse(token_id.error());
  auto revoked = co_await keys_.is_revoked(std::move(family), *token_id);
  if (!revoked)
    co_return fail(Code::unauthenticated, "could not check if the token is revoked: " + revoked.error().message);
  if (*revoked) co_return fail(Code::unauthenticated, "token is revoked");
  co_return std::move(jwt->claims);
}

}  // namespace kumasim::cp
