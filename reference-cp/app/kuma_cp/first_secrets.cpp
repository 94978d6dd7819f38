#include "reference-cp/app/kuma_cp/first_secrets.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/kuma_cp/part_options.hpp"
#include "reference-cp/identity/admin_certificates.hpp"
#include "reference-cp/identity/key_making.hpp"

namespace kumasim::cp {
namespace {

/// What could not be made or kept is tried again after a pause that doubles.
constexpr Duration retry_min = std::chrono::seconds(1);
constexpr Duration retry_max = std::chrono::minutes(1);

}  // namespace

asio::awaitable<void> FirstSecrets::make() {
  for (Duration pause = retry_min;; pause = std::min<Duration>(pause * 2, retry_max)) {
    bool all = co_await try_once();
    if (all) co_return;
    co_await sleep(runtime_.timers, pause);
  }
}

/// False where something is still lacking; it has been logged.
asio::awaitable<bool> FirstSecrets::try_once() {
  WallTime now = runtime_.clock.wall_now();
  KeySpec key = parts_.ca_key;
  // One that Kuma can sign with, should it take over the store.
  if (config_.store_type == "postgres") key.rsa_bits = 2048;
  auto made = [key, now] { return make_control_plane_ca(key, now); };
  auto make_root = [&] { return make_beside(parts_.offload, key, made); };
  auto ca = co_await ensure_ca(parts_.store, control_plane_ca_secret, make_root, now);
  if (!ca) runtime_.log.error("kuma-cp", "CA of control planes not made", {{"error", ca.error().message}});
  auto make = [this] { return parts_.authorities.make_signing_key(); };
  std::vector<KeyFamily> families;
  if (!config_.federated()) families.push_back(zone_token_keys());  // else the global control plane's
  if (has_user_tokens(config_)) families.push_back(user_token_keys());
  bool all = ca.has_value();
  for (const KeyFamily& family : families) {
    auto made = co_await parts_.signing_keys.ensure(family, make);
    all = all && made;
    if (!made)
      runtime_.log.error("tokens", "signing key not made",
                         {{"prefix", family.prefix}, {"error", made.error().message}});
    else if (*made)
      runtime_.log.info("tokens", "default signing key created", {{"prefix", family.prefix}});
  }
  if (!all || !has_user_tokens(config_) || !config_.bootstrap_admin_token || !config_.user_token_issuer) co_return all;
  auto kept = co_await ensure_admin_token();
  if (!kept) runtime_.log.error("tokens", "admin user token not made", {{"error", kept.error().message}});
  co_return kept.has_value();
}

asio::awaitable<Result<>> FirstSecrets::ensure_admin_token() {
  auto known = co_await parts_.signing_keys.has_global(admin_user_token_secret);
  if (!known) co_return fail(known.error());
  if (*known) co_return Result<>();
  const UserIdentity admin{.name = "mesh-system:admin", .groups = {"mesh-system:admin"}};
  auto token = co_await parts_.issuer.issue(user_token_keys(), to_claims(admin), token_lifetime_default);
  if (!token) co_return fail(token.error());
  auto kept = co_await parts_.signing_keys.put_global(admin_user_token_secret, *token);
  if (kept)
    runtime_.log.info("tokens", "admin user token kept in a global secret", {{"name", admin_user_token_secret}});
  co_return kept;
}

}  // namespace kumasim::cp
