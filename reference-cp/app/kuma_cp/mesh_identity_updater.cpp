#include "reference-cp/app/kuma_cp/mesh_identity_updater.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/identity/key_making.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/kri.hpp"
#include "reference-cp/xds/mesh_identity.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

constexpr std::string_view component = "mesh-identities";
/// A shorter interval counts as this.
constexpr Duration interval_min = std::chrono::milliseconds(10);

Json condition(const char* type, bool holds, const char* reason, std::string message) {
  return {{"type", type}, {"status", holds ? "True" : "False"}, {"reason", reason}, {"message", std::move(message)}};
}

using Secrets = std::map<std::string, ResourcePtr>;

SecretLookup lookup(const Secrets& secrets) {
  return [&secrets](std::string_view name) -> const Resource* {
    auto found = secrets.find(std::string(name));
    return found == secrets.end() ? nullptr : found->second.get();
  };
}

Json bundle(const std::string& pem) { return {{"type", "Pem"}, {"pem", {{"value", pem}}}}; }

/// Of two that do the same at once the other has won, or who owned it has gone: the next look shows.
bool was_overtaken(const Error& error) {
  return error.code == Code::conflict || error.code == Code::not_found || error.code == Code::already_exists;
}

}  // namespace

std::unexpected<MeshIdentityUpdater::Obstacle> MeshIdentityUpdater::unknown(Error error) {
  return std::unexpected(Obstacle{Obstacle::What::unknown, std::move(error)});
}

std::unexpected<MeshIdentityUpdater::Obstacle> MeshIdentityUpdater::unreadable(Error error) {
  return std::unexpected(Obstacle{Obstacle::What::unreadable, std::move(error)});
}

std::unexpected<MeshIdentityUpdater::Obstacle> MeshIdentityUpdater::judged(Error error) {
  return std::unexpected(Obstacle{Obstacle::What::judged, std::move(error)});
}

asio::awaitable<void> MeshIdentityUpdater::run() {
  for (;;) {
    co_await sleep(runtime_.timers, std::max(options_.interval, interval_min));
    co_await update();
  }
}

asio::awaitable<void> MeshIdentityUpdater::update() {
  auto identities = co_await store_.list(kind::mesh_identity(), {});
  if (!identities) {
    runtime_.log.error(component, "MeshIdentities not read", {{"error", identities.error().message}});
    co_return;
  }
  auto told = std::exchange(told_, {});
  for (const ResourcePtr& identity : identities->items) {
    if (auto found = told.find(identity->key()); found != told.end()) told_.insert(*found);
    try {
      co_await update_one(identity);
    } catch (const boost::system::system_error& error) {
      if (error.code() == asio::error::operation_aborted) throw;
      runtime_.log.error(component, "task failed", {{"name", identity->meta.name}, {"error", error.what()}});
    } catch (const std::exception& error) {
      runtime_.log.error(component, "task failed", {{"name", identity->meta.name}, {"error", error.what()}});
    }
  }
}

asio::awaitable<void> MeshIdentityUpdater::update_one(ResourcePtr identity) {
  auto brought = co_await bring_up(*identity);
  if (!brought) {
    std::string& told = told_[identity->key()];
    if (std::exchange(told, brought.error().message) != brought.error().message)
      runtime_.log.warn(
          component, "status left as it is",
          {{"mesh", identity->meta.mesh}, {"name", identity->meta.name}, {"error", brought.error().message}});
    co_return;
  }
  told_.erase(identity->key());
  Json& conditions = *brought;
  bool failed = std::ranges::any_of(conditions, [](const Json& c) { return c["status"] == "False"; });
  conditions.push_back(failed ? condition("Ready", false, "Failure", "One of initialization steps failed")
                              : condition("Ready", true, "Ready", "Successfully initialized"));
  if (at(identity->status, "conditions") == conditions) co_return;
  Resource changed = *identity;
  changed.status = Json::object();
  changed.status["conditions"] = std::move(conditions);
  auto done = co_await store_.update(std::move(changed), runtime_.clock.wall_now());
  if (!done && !was_overtaken(done.error()))
    runtime_.log.error(component, "status not written",
                       {{"mesh", identity->meta.mesh}, {"name", identity->meta.name}, {"error", done.error().message}});
}

asio::awaitable<Result<Json>> MeshIdentityUpdater::bring_up(const Resource& identity) {
  Json out = Json::array();
  // Ready is not taken away by a CA that could be read before: it may be read again.
  auto leaves = [&](const Obstacle& obstacle) {
    return obstacle.what == Obstacle::What::unknown ||
           (obstacle.what == Obstacle::What::unreadable && mesh_identity::is_ready(identity));
  };
  auto mesh = co_await store_.get(kind::mesh(), {"", identity.meta.mesh});
  if (!mesh && mesh.error().code != Code::not_found) co_return fail(mesh.error());
  if (!mesh || text_at((*mesh)->spec, "meshServices", "mode") != "Exclusive") {
    out.push_back(condition("DependenciesReady", false, "MeshServicesDisabled",
                            "MeshIdentity requires MeshServices to be enabled on the mesh. To enable, set "
                            "`spec.meshServices.mode: Exclusive` on the mesh."));
    co_return out;
  }
  if (auto made = co_await ensure_ca(identity); !made) {
    if (leaves(made.error())) co_return fail(made.error().error);
    out.push_back(condition("Provider", false, "ProviderInitializationError", made.error().error.message));
    co_return out;
  }
  if (auto good = co_await check_ca(identity); !good) {
    if (leaves(good.error())) co_return fail(good.error().error);
    out.push_back(condition("Provider", false, "ProviderValidationError", good.error().error.message));
    co_return out;
  }
  out.push_back(condition("Provider", true, "ProviderInitialized", "Provider successfully initialized"));
  if (!makes_trust(identity)) co_return out;
  if (auto made = co_await ensure_trust(identity); !made) {
    if (leaves(made.error())) co_return fail(made.error().error);
    out.push_back(condition("MeshTrustCreated", false, "MeshTrustCreationError", made.error().error.message));
  } else {
    out.push_back(condition("MeshTrustCreated", true, "MeshTrustCreated", "MeshTrust has been successfully created"));
  }
  co_return out;
}

asio::awaitable<Result<Secrets>> MeshIdentityUpdater::secrets_of(const Resource& identity) {
  auto list = co_await store_.list(kind::secret(), {.mesh = identity.meta.mesh});
  if (!list) co_return fail(list.error());
  Secrets out;
  for (const ResourcePtr& secret : list->items) out[secret->meta.name] = secret;
  co_return out;
}

asio::awaitable<MeshIdentityUpdater::Step> MeshIdentityUpdater::ensure_ca(const Resource& identity) {
  if (!is_bundled(identity) || !makes_ca(identity)) co_return Step();
  auto secrets = co_await secrets_of(identity);
  if (!secrets) co_return unknown(secrets.error());
  std::string certificate = identity_certificate_secret(identity), key = identity_key_secret(identity);
  bool has_certificate = secrets->contains(certificate), has_key = secrets->contains(key);
  if (has_certificate && has_key) co_return Step();
  // A half of a pair is a loss that a person has to judge: with a new key (as Kuma makes it then) nothing fits.
  if (has_certificate || has_key) {
    auto pair = identity_ca(identity, {lookup(*secrets), options_.read_outside});
    co_return unreadable(pair.error());
  }
  auto domain = mesh_identity::trust_domain(identity, identity.meta, options_.labels.zone);
  if (!domain) co_return judged(domain.error());
  if (auto good = mesh_identity::check_trust_domain(*domain); !good) co_return judged(good.error());
  CaRequest request{.mesh = *domain, .key = options_.ca_key, .now = runtime_.clock.wall_now()};
  runtime_.random.fill(request.serial);
  auto pair = co_await make_beside(options_.offload, request.key, [request] { return make_ca(request); });
  // Too many keys are being made already.
  if (!pair && pair.error().code == Code::resource_exhausted) co_return unknown(pair.error());
  if (!pair) co_return judged(pair.error());
  std::vector<Write> writes;
  writes.push_back({Write::What::create, make_secret(identity.meta.mesh, certificate, pair->certificate_pem)});
  writes.push_back({Write::What::create, make_secret(identity.meta.mesh, key, pair->key_pem)});
  auto done = co_await store_.commit(std::move(writes), runtime_.clock.wall_now());
  // Another one has made it meanwhile.
  if (!done && done.error().code == Code::already_exists) co_return Step();
  if (!done) co_return unknown(done.error());
  runtime_.log.info(component, "CA made",
                    {{"mesh", identity.meta.mesh}, {"identity", identity.meta.name}, {"trust domain", *domain}});
  co_return Step();
}

asio::awaitable<MeshIdentityUpdater::Step> MeshIdentityUpdater::check_ca(const Resource& identity) {
  if (!is_bundled(identity) || allows_self_signed(identity)) co_return Step();
  constexpr const char* not_allowed = "self-signed certificates are not allowed";
  if (makes_ca(identity)) co_return judged({Code::permission_denied, not_allowed, {}});
  auto secrets = co_await secrets_of(identity);
  if (!secrets) co_return unknown(secrets.error());
  auto certificate = identity_ca_certificate(identity, {lookup(*secrets), options_.read_outside});
  if (!certificate) co_return unreadable(certificate.error());
  auto self_signed = is_self_signed(*certificate);
  if (!self_signed) co_return unreadable(self_signed.error());
  if (*self_signed) co_return judged({Code::permission_denied, not_allowed, {}});
  co_return Step();
}

/// One that is there is added to, as its other bundles may be believed for long yet, and goes along with the domain.
asio::awaitable<MeshIdentityUpdater::Step> MeshIdentityUpdater::ensure_trust(const Resource& identity) {
  auto domain = mesh_identity::trust_domain(identity, identity.meta, options_.labels.zone);
  if (!domain) co_return judged(domain.error());
  auto held = co_await store_.get(kind::mesh_trust(), identity.key());
  if (!held && held.error().code != Code::not_found) co_return unknown(held.error());
  auto secrets = co_await secrets_of(identity);
  if (!secrets) co_return unknown(secrets.error());
  auto certificate = identity_ca_certificate(identity, {lookup(*secrets), options_.read_outside});
  if (!certificate) co_return unreadable(certificate.error());
  Resource trust;
  if (held) {
    trust = **held;
    if (!options_.trust_domain_stays || !options_.trust_domain_stays()) trust.spec["trustDomain"] = *domain;
    const bool is_known = std::ranges::any_of(at((*held)->spec, "caBundles"), [&](const Json& known) {
      return same_certificate(text_at(known, "pem", "value"), *certificate);
    });
    if (!is_known) trust.spec["caBundles"].push_back(bundle(*certificate));
    if (trust.spec == (*held)->spec) co_return Step();
  } else {
    trust.kind = &kind::mesh_trust();
    trust.meta.mesh = identity.meta.mesh;
    trust.meta.name = identity.meta.name;
    trust.meta.labels = compute_labels(trust, options_.labels);
    trust.spec = {{"origin", {{"kri", Kri::of(identity).to_string()}}},
                  {"trustDomain", *domain},
                  {"caBundles", Json::array({bundle(*certificate)})}};
  }
  WallTime now = runtime_.clock.wall_now();
  auto done = held ? co_await store_.update(std::move(trust), now) : co_await store_.create(std::move(trust), now);
  if (!done) co_return unknown(done.error());
  co_return Step();
}

}  // namespace kumasim::cp
