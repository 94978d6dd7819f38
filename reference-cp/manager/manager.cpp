/// The rules above the store.
#include "reference-cp/manager/manager.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reference-cp/manager/defaults.hpp"
#include "reference-cp/manager/rate_limited_services.hpp"
#include "reference-cp/manager/zone_removal.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// Of an update whose keys somebody else made meanwhile.
constexpr int attempts_max = 3;

std::unexpected<Refusal> refuse(Error error) { return std::unexpected(Refusal{std::move(error), {}, false}); }

std::unexpected<Refusal> refuse(Violations violations) {
  std::string text = violations.text();
  return std::unexpected(Refusal{{Code::invalid_argument, std::move(text)}, std::move(violations), false});
}

std::unexpected<Refusal> refuse_mesh(const std::string& mesh) {
  Refusal out{{Code::not_found, fmt::format("mesh of name {} is not found", mesh), "mesh"}, {}, true};
  return std::unexpected(std::move(out));
}

/// The store could not say whether it is there.
bool is_unknown(const Result<ResourcePtr>& found) { return !found && found.error().code != Code::not_found; }

/// The tags of a proxy, one set for each inbound or for its gateway.
std::vector<json> tag_sets(const json& dataplane) {
  const json& networking = at(dataplane, "networking");
  if (has(networking, "gateway")) return {at(at(networking, "gateway"), "tags")};
  std::vector<json> out;
  for (const auto& inbound : at(networking, "inbound")) out.push_back(at(inbound, "tags"));
  return out;
}

bool covers(const json& wanted, const json& tags) {
  for (const auto& [key, value] : wanted.items()) {
    std::string own = text_at(tags, key);
    if (value == "*" && !own.empty()) continue;
    if (value != own) return false;
  }
  return true;
}

std::string printed(const json& tags) {
  std::string out;
  for (const auto& [key, value] : tags.items()) out += (out.empty() ? "" : " ") + key + "=" + value.get<std::string>();
  return out;
}

/// Every inbound and gateway carries the zone it is in.
void set_zone_tag(json& dataplane, const std::string& zone) {
  if (zone.empty() || !has(dataplane, "networking")) return;
  json& networking = dataplane["networking"];
  if (has(networking, "inbound")) {
    for (auto& inbound : networking["inbound"]) inbound["tags"]["kuma.io/zone"] = zone;
  }
  if (has(networking, "gateway")) networking["gateway"]["tags"]["kuma.io/zone"] = zone;
}

/// An inbound that is probed is not ready until a probe has passed.
void set_health(json& dataplane) {
  if (!has(at(dataplane, "networking"), "inbound")) return;
  for (auto& inbound : dataplane["networking"]["inbound"]) {
    if (!has(inbound, "serviceProbe")) continue;
    inbound["state"] = "NotReady";
    inbound["health"] = json::object();
  }
}

bool is_skipped(const json& mesh, const std::string& what) {
  for (const auto& name : at(mesh, "skipCreatingInitialPolicies")) {
    if (name == what) return true;
  }
  return false;
}

}  // namespace

Manager::Manager(Store& store, const Clock& clock, Authorities* authorities, ManagerOptions options)
    : store_(store), clock_(clock), authorities_(authorities), options_(std::move(options)) {}

Violations Manager::violations_of(const Resource& resource) const {
  Violations out;
  if (options_.envoy_text_error) {
    validate_with_texts(resource, options_.envoy_text_error, out);
  } else {
    resource.kind->validate(resource, out);
  }
  return out;
}

Outcome<> Manager::prepare(Resource& resource, const Meta* stored) const {
  const Kind& kind = *resource.kind;
  kind.fill(resource);
  if (&kind == &kind::dataplane()) {
    set_zone_tag(resource.spec, options_.labels.mode == CpMode::zone ? options_.labels.zone : "");
    if (stored == nullptr) set_health(resource.spec);
    resource.meta.labels = compute_labels(resource, options_.labels);
  }
  Meta own = resource.meta;
  if (stored != nullptr) resource.meta = *stored;
  Violations violations = violations_of(resource);
  resource.meta = std::move(own);
  if (!violations.empty()) return refuse(std::move(violations));
  return {};
}

Outcome<> Manager::check_membership(const Resource& dataplane, const Resource& mesh) {
  const json& constraints = at(at(mesh.spec, "constraints"), "dataplaneProxy");
  const json& requirements = at(constraints, "requirements");
  const json& restrictions = at(constraints, "restrictions");
  for (const json& tags : tag_sets(dataplane.spec)) {
    bool fits = requirements.empty();
    for (const auto& rule : requirements) fits = fits || covers(at(rule, "tags"), tags);
    if (!fits) {
      return refuse(
          Error{Code::permission_denied,
                fmt::format("dataplane cannot be a member of mesh \"{}\" because its tags \"{}\" does not fulfill any "
                            "requirements defined on the Mesh",
                            mesh.meta.name, printed(tags))});
    }
    for (const auto& rule : restrictions) {
      if (!covers(at(rule, "tags"), tags)) continue;
      return refuse(Error{
          Code::permission_denied,
          fmt::format("dataplane cannot be a member of mesh \"{}\" because its tags \"{}\" matches restricted tags "
                      "\"{}\" defined on the Mesh",
                      mesh.meta.name, printed(tags), printed(at(rule, "tags")))});
    }
  }
  return {};
}

asio::awaitable<Outcome<>> Manager::check_rate_limits(const Resource& resource) {
  const bool limit = resource.kind == &kind::rate_limit();
  if (!limit && resource.kind != &kind::external_service()) co_return Outcome<>{};
  const Kind& others = limit ? kind::external_service() : kind::rate_limit();
  auto list = co_await store_.list(others, {.mesh = resource.meta.mesh});
  if (!list) co_return refuse(list.error());
  Violations violations =
      limit ? judge_rate_limit(resource, list->items) : judge_external_service(resource, list->items);
  if (!violations.empty()) co_return refuse(std::move(violations));
  co_return Outcome<>{};
}

asio::awaitable<Outcome<>> Manager::check_mesh_write(const Resource& mesh, bool is_new) {
  Violations violations;
  if (is_new && mesh.meta.name.size() > 63) violations.add(Path("name"), "cannot be longer than 63 characters");
  const json& backends = at(at(mesh.spec, "mtls"), "backends");
  bool known = true;
  for (std::size_t i = 0; i < backends.size() && known; ++i) {
    std::string type = text_at(backends[i], "type");
    known = type == "builtin" || type == "provided";
    if (!known) {
      violations.add(Path("mtls").at("backends").at(i).at("type"), "could not find installed plugin for this type");
    }
  }
  bool unseen = at(at(mesh.spec, "mtls"), "skipValidation") == true;
  if (known && !unseen && authorities_ != nullptr) {
    Violations of_authorities = co_await authorities_->validate(mesh);
    violations.append(of_authorities);
  }
  if (!violations.empty()) co_return refuse(std::move(violations));
  co_return Outcome<>{};
}

asio::awaitable<Outcome<>> Manager::ensure(Resource resource) {
  const Kind& kind = *resource.kind;
  auto found = co_await store_.get(kind, resource.key());
  if (found) co_return Outcome<>{};
  if (is_unknown(found)) co_return refuse(found.error());
  auto created = co_await store_.create(std::move(resource), clock_.wall_now());
  if (!created && created.error().code != Code::already_exists) co_return refuse(created.error());
  co_return Outcome<>{};
}

asio::awaitable<Outcome<std::vector<Resource>>> Manager::belongings(const Resource& mesh) {
  const std::string& name = mesh.meta.name;
  std::vector<Resource> wanted;
  if (authorities_ != nullptr) {
    auto secrets = co_await authorities_->missing(mesh);
    if (!secrets) co_return refuse(secrets.error());
    wanted = std::move(*secrets);
    ResourceKey key{name, dataplane_token_key_name(name)};
    auto found = co_await store_.get(kind::secret(), key);
    if (is_unknown(found)) co_return refuse(found.error());
    if (!found) {
      auto bytes = co_await authorities_->make_signing_key();
      if (!bytes) co_return refuse(bytes.error());
      Resource secret;
      secret.kind = &kind::secret();
      secret.meta.mesh = key.mesh;
      secret.meta.name = key.name;
      secret.spec = {{"data", *bytes}};
      wanted.push_back(std::move(secret));
    }
  }
  if (is_skipped(mesh.spec, "*")) co_return wanted;
  for (auto& policy : default_policies(name, options_.routing_policies)) {
    if (is_skipped(mesh.spec, policy.kind->type())) continue;
    auto found = co_await store_.get(*policy.kind, policy.key());
    if (is_unknown(found)) co_return refuse(found.error());
    if (!found) wanted.push_back(std::move(policy));
  }
  co_return wanted;
}

asio::awaitable<Outcome<ResourcePtr>> Manager::create_mesh(Resource mesh) {
  std::vector<Write> writes;
  auto there = co_await store_.get(kind::mesh(), mesh.key());
  if (is_unknown(there)) co_return refuse(there.error());
  std::vector<Resource> more;
  // Where it is there already the commit says so; no keys are made for that.
  if (!there) {
    auto wanted = co_await belongings(mesh);
    if (!wanted) co_return std::unexpected(wanted.error());
    more = std::move(*wanted);
  }
  writes.push_back({Write::What::create, std::move(mesh)});
  for (auto& each : more) writes.push_back({Write::What::create, std::move(each)});
  auto done = co_await store_.commit(std::move(writes), clock_.wall_now());
  if (!done) co_return refuse(done.error());
  if (authorities_ != nullptr) authorities_->stored(*done);
  co_return done->front();
}

asio::awaitable<Outcome<ResourcePtr>> Manager::create(Resource resource) {
  const Kind& kind = *resource.kind;
  auto prepared = prepare(resource, nullptr);
  if (!prepared) co_return std::unexpected(prepared.error());
  if (&kind == &kind::mesh()) {
    auto checked = co_await check_mesh_write(resource, true);
    if (!checked) co_return std::unexpected(checked.error());
    co_return co_await create_mesh(std::move(resource));
  }
  auto fits = co_await check_rate_limits(resource);
  if (!fits) co_return std::unexpected(fits.error());
  if (!kind.is_global()) {
    auto mesh = co_await store_.get(kind::mesh(), {"", resource.meta.mesh});
    if (is_unknown(mesh)) co_return refuse(mesh.error());
    if (!mesh) co_return refuse_mesh(resource.meta.mesh);
    if (&kind == &kind::dataplane()) {
      auto member = check_membership(resource, **mesh);
      if (!member) co_return std::unexpected(member.error());
    }
  }
  auto created = co_await store_.create(std::move(resource), clock_.wall_now());
  if (!created) co_return refuse(created.error());
  co_return *created;
}

asio::awaitable<Outcome<ResourcePtr>> Manager::update_mesh(Resource mesh, ResourcePtr before) {
  Violations violations;
  std::string old_backend = text_at(at(before->spec, "mtls"), "enabledBackend");
  std::string new_backend = text_at(at(mesh.spec, "mtls"), "enabledBackend");
  if (!old_backend.empty() && !new_backend.empty() && old_backend != new_backend) {
    violations.add(Path("mtls.enabledBackend"),
                   "Changing CA when mTLS is enabled is forbidden. Disable mTLS first and then change the CA");
  }
  auto checked = co_await check_mesh_write(mesh, false);
  if (!checked && checked.error().violations.empty()) co_return std::unexpected(checked.error());
  if (!checked) violations.append(checked.error().violations);
  if (!violations.empty()) co_return refuse(std::move(violations));
  for (int attempt = 1;; ++attempt) {
    std::vector<Write> writes;
    if (authorities_ != nullptr) {
      auto secrets = co_await authorities_->missing(mesh);
      if (!secrets) co_return refuse(secrets.error());
      for (auto& secret : *secrets) writes.push_back({Write::What::create, std::move(secret)});
    }
    writes.push_back({Write::What::update, mesh});
    auto updated = co_await store_.commit(std::move(writes), clock_.wall_now());
    if (updated) {
      if (authorities_ != nullptr) authorities_->stored(*updated);
      co_return updated->back();
    }
    // Keys take time: another write of the mesh made the same meanwhile, and they are not missing any more.
    if (updated.error().code != Code::already_exists || attempt == attempts_max) co_return refuse(updated.error());
  }
}

asio::awaitable<Outcome<ResourcePtr>> Manager::update(Resource resource) {
  const Kind& kind = *resource.kind;
  auto before = co_await store_.get(kind, resource.key());
  if (!before) co_return refuse(before.error());
  auto prepared = prepare(resource, &(*before)->meta);
  if (!prepared) co_return std::unexpected(prepared.error());
  if (&kind == &kind::mesh()) co_return co_await update_mesh(std::move(resource), *before);
  auto fits = co_await check_rate_limits(resource);
  if (!fits) co_return std::unexpected(fits.error());
  if (&kind == &kind::dataplane()) {
    auto mesh = co_await store_.get(kind::mesh(), {"", resource.meta.mesh});
    if (is_unknown(mesh)) co_return refuse(mesh.error());
    if (!mesh) co_return refuse_mesh(resource.meta.mesh);
    auto member = check_membership(resource, **mesh);
    if (!member) co_return std::unexpected(member.error());
  }
  auto updated = co_await store_.update(std::move(resource), clock_.wall_now());
  if (!updated) co_return refuse(updated.error());
  co_return *updated;
}

asio::awaitable<Outcome<>> Manager::check_removal(const Kind& kind, const ResourceKey& key) {
  Violations violations;
  if (&kind == &kind::mesh()) {
    auto dataplanes = co_await store_.list(kind::dataplane(), {.mesh = key.name, .size = 1});
    if (!dataplanes) co_return refuse(dataplanes.error());
    if (dataplanes->total != 0) {
      violations.add(Path("mesh"), "unable to delete mesh, there are still some dataplanes attached");
    }
  }
  if (&kind == &kind::zone()) {
    auto connected = co_await is_zone_connected(store_, key.name);
    if (!connected) co_return refuse(connected.error());
    if (*connected)
      violations.add(Path("zone"), "unable to delete Zone, Zone CP is still connected, please shut it down first");
  }
  if (&kind == &kind::secret() && authorities_ != nullptr) {
    auto mesh = co_await store_.get(kind::mesh(), {"", key.mesh});
    if (!mesh) co_return Outcome<>{};
    for (const auto& backend : at(at((*mesh)->spec, "mtls"), "backends")) {
      auto used = authorities_->used_secrets(**mesh, backend);
      if (std::ranges::find(used, key.name) == used.end()) continue;
      std::string name = text_at(backend, "name");
      violations.add(
          Path("name"),
          fmt::format("The secret \"{}\" that you are trying to remove is currently in use in Mesh \"{}\" in mTLS "
                      "backend \"{}\". Please remove the reference from the \"{}\" backend before removing the secret.",
                      key.name, key.mesh, name, name));
    }
  }
  if (!violations.empty()) co_return refuse(std::move(violations));
  co_return Outcome<>{};
}

/// What comes from the zone after that is refused, for it needs the Zone.
asio::awaitable<Outcome<>> Manager::remove_zone(ResourceKey key) {
  for (int attempt = 1;; ++attempt) {
    auto writes = co_await zone_removal(store_, key.name);
    if (!writes) co_return refuse(writes.error());
    auto removed = co_await store_.commit(*std::move(writes), clock_.wall_now());
    if (removed) co_return Outcome<>{};
    // Something has gone by itself.
    if (removed.error().code != Code::not_found || attempt == attempts_max) co_return refuse(removed.error());
  }
}

asio::awaitable<Outcome<>> Manager::remove_identity(ResourceKey key) {
  auto identity = co_await store_.get(kind::mesh_identity(), key);
  if (!identity) co_return refuse(identity.error());
  std::vector<Write> writes;
  for (const std::string& name : authorities_->owned_secrets(**identity)) {
    auto secret = co_await store_.get(kind::secret(), {key.mesh, name});
    if (is_unknown(secret)) co_return refuse(secret.error());
    if (secret) writes.push_back({Write::What::remove, **secret});
  }
  writes.push_back({Write::What::remove, **identity});
  for (Write& each : writes) each.resource.meta.version = 0;  // whatever has been written to them meanwhile
  auto removed = co_await store_.commit(std::move(writes), clock_.wall_now());
  if (!removed) co_return refuse(removed.error());
  co_return Outcome<>{};
}

asio::awaitable<Outcome<>> Manager::remove(const Kind& kind, ResourceKey key) {
  if (!options_.unsafe_delete) {
    auto checked = co_await check_removal(kind, key);
    if (!checked) co_return checked;
  }
  if (&kind == &kind::mesh_identity() && authorities_ != nullptr) co_return co_await remove_identity(std::move(key));
  if (&kind == &kind::zone() && options_.labels.mode == CpMode::global) co_return co_await remove_zone(std::move(key));
  auto removed = co_await store_.remove(kind, key);
  if (!removed) co_return refuse(removed.error());
  co_return Outcome<>{};
}

/// A store whose control plane was given another zone's name holds the Zone of the old name, often with a stream that
/// nobody ended: no stream of it is open, for this control plane is the one that would have it. Kuma removes it too
/// (pkg/defaults/zone.go), but not where such a stream looks open (zone_validator.go).
asio::awaitable<Outcome<>> Manager::ensure_only_zone(std::string name) {
  auto zones = co_await store_.list(kind::zone(), {});
  if (!zones) co_return refuse(zones.error());
  for (const ResourcePtr& zone : zones->items) {
    if (zone->meta.name == name) continue;
    auto removed = co_await store_.remove(kind::zone(), zone->key());  // and its insight
    if (!removed && removed.error().code != Code::not_found) co_return refuse(removed.error());
  }
  Resource zone;
  zone.kind = &kind::zone();
  zone.meta.name = std::move(name);
  co_return co_await ensure(std::move(zone));
}

asio::awaitable<Outcome<>> Manager::ensure_defaults(FirstStart what) {
  if (what.mesh) {
    auto found = co_await store_.get(kind::mesh(), {"", "default"});
    if (is_unknown(found)) co_return refuse(found.error());
    if (!found) {
      Resource mesh;
      mesh.kind = &kind::mesh();
      mesh.meta.name = "default";
      auto created = co_await create(std::move(mesh));
      if (!created) co_return std::unexpected(created.error());
    }
  }
  if (what.zone && options_.labels.mode == CpMode::zone) {
    auto stored = co_await ensure_only_zone(options_.labels.zone);
    if (!stored) co_return stored;
  }
  if (what.hostname_generators) {
    for (auto& generator : default_hostname_generators(options_.labels)) {
      auto stored = co_await ensure(std::move(generator));
      if (!stored) co_return stored;
    }
  }
  co_return Outcome<>{};
}

}  // namespace kumasim::cp
