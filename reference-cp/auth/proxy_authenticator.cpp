#include "reference-cp/auth/proxy_authenticator.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reference-cp/auth/jwt.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

std::unexpected<Error> refuse(std::string reason) { return fail(Code::unauthenticated, std::move(reason)); }

Result<std::string> credential_of(const Headers& metadata) {
  std::string out;
  int count = 0;
  for (const auto& field : metadata) {
    if (field.name != "authorization") continue;
    out = field.value;
    ++count;
  }
  if (count > 1)
    return refuse(
        fmt::format("could not extract credential from DiscoveryRequest: request must have exactly 1 "
                    "\"authorization\" header, got {}",
                    count));
  return out;
}

void add_tags(const json& holder, TagSet& out) {
  auto tags = holder.find("tags");
  if (tags == holder.end() || !tags->is_object()) return;
  for (const auto& [tag, value] : tags->items())
    if (value.is_string()) out[tag].insert(value.get<std::string>());
}

/// Of all inbounds and of the gateway.
TagSet tags_of(const Resource& dataplane) {
  TagSet out;
  auto networking = dataplane.spec.find("networking");
  if (networking == dataplane.spec.end() || !networking->is_object()) return out;
  if (auto inbounds = networking->find("inbound"); inbounds != networking->end() && inbounds->is_array())
    for (const json& inbound : *inbounds) add_tags(inbound, out);
  if (auto gateway = networking->find("gateway"); gateway != networking->end()) add_tags(*gateway, out);
  return out;
}

/// As Go prints a list of quoted texts: ["a" "b"].
std::string quoted(const std::set<std::string>& values) {
  std::string out = "[";
  for (const auto& value : values) out += fmt::format("{}{}", out.size() == 1 ? "" : " ", json(value).dump());
  return out + "]";
}

Result<TagSet> tags_claim(const json& claims) {
  TagSet out;
  const json& tags = find_claim(claims, "Tags");
  if (tags.is_null()) return out;
  if (!tags.is_object()) return refuse("the token's tags are no object");
  for (const auto& [tag, unused] : tags.items()) {
    auto values = list_claim(tags, tag);
    if (!values) return fail(values.error());
    if (!values->empty()) out[tag] = {values->begin(), values->end()};
  }
  return out;
}

Result<> check_tags(const TagSet& allowed, const TagSet& carried) {
  for (const auto& [tag, values] : allowed) {
    auto found = carried.find(tag);
    if (found == carried.end()) return refuse(fmt::format("dataplane has no tag \"{}\" required by the token", tag));
    for (const auto& value : found->second)
      if (!values.contains(value))
        return refuse(
            fmt::format("dataplane contains tag \"{}\" with value \"{}\" which is not allowed with this token. "
                        "Allowed values in token are {}",
                        tag, value, quoted(values)));
  }
  return {};
}

/// The resource that a proxy brings along. Unknown fields are passed over: a newer kuma-dp may say more.
Result<Resource> brought(const std::string& text, const Kind& kind) {
  auto documents = parse_yaml(text, "dataplane.resource");
  if (!documents) return fail(documents.error());
  if (documents->empty()) return refuse("dataplane.resource is empty");
  auto form = universal_form(documents->front().value);
  if (!form) return fail(form.error());
  if (form->kind != &kind) return refuse(fmt::format("dataplane.resource is no {}", kind.type()));
  auto decoded = decode_shape(*form->kind, form->body, UnknownFields::drop);
  if (!decoded) return fail(decoded.error().error());
  return *std::move(decoded);
}

/// A zone proxy that names another zone would be sent what is meant for that one.
Result<> check_zone(const Resource& proxy, const std::string& zone) {
  auto named = proxy.spec.find("zone");
  if (named == proxy.spec.end() || !named->is_string() || *named == "" || *named == zone) return {};
  return refuse(fmt::format("authentication failed: {} {} is of zone {}, not of this zone ({})", proxy.kind->type(),
                            proxy.meta.name, named->get<std::string>(), zone));
}

}  // namespace

ProxyAuthenticator::ProxyAuthenticator(Store& store, const SigningKeys& keys, const Clock& clock, Options options)
    : store_(store),
      options_(std::move(options)),
      dp_(keys, clock, options_.dp_validator),
      zone_(keys, clock, options_.zone_validator) {}

asio::awaitable<Result<>> ProxyAuthenticator::authenticate(const Claim& claim, const Headers& metadata) const {
  bool is_dataplane = claim.proxy_type == "dataplane";
  // Without a mesh only zone proxies are known, and by such ids (Proxy::slot): a Dataplane could pass for one of them.
  if (is_dataplane && claim.key.mesh.empty())
    co_return refuse(fmt::format("proxyId .{} names no mesh for its Dataplane", claim.key.name));
  bool needed = is_dataplane ? options_.dp_tokens : options_.zone_tokens;
  if (!needed) co_return Result<>();
  auto token = credential_of(metadata);
  if (!token) co_return fail(token.error());
  Result<> checked;
  if (is_dataplane)
    checked = co_await check_dataplane(claim, *token);
  else
    checked = co_await check_zone_proxy(claim, *token);
  co_return checked;
}

asio::awaitable<Result<Resource>> ProxyAuthenticator::resource_of(const Claim& claim) const {
  if (claim.resource_text.empty()) {
    auto stored = co_await store_.get(kind::dataplane(), claim.key);
    if (stored) co_return **stored;
    if (stored.error().code != Code::not_found) co_return fail(stored.error());
    co_return refuse(
        fmt::format("resource \"{}.{}\" not found; create a Dataplane in Kuma CP first or pass it as an argument to "
                    "kuma-dp",
                    claim.key.mesh, claim.key.name));
  }
  co_return brought(claim.resource_text, kind::dataplane());
}

asio::awaitable<Result<>> ProxyAuthenticator::check_dataplane(const Claim& claim, const std::string& token) const {
  auto resource = co_await resource_of(claim);
  if (!resource) co_return fail(resource.error());
  // What is stored and served goes by the node's id, so that it has to be the same.
  if (resource->key() != claim.key)
    co_return refuse(fmt::format("proxyId {}.{} does not match proxy resource {}.{}", claim.key.mesh, claim.key.name,
                                 resource->meta.mesh, resource->meta.name));
  auto claims = co_await dp_.validate(token, dataplane_token_keys(claim.key.mesh));
  if (!claims) co_return refuse("authentication failed: " + claims.error().message);
  auto name = text_claim(*claims, "Name");
  auto mesh = text_claim(*claims, "Mesh");
  auto tags = tags_claim(*claims);
  if (!name || !mesh || !tags) co_return refuse("authentication failed: the token's claims have another type");
  if (!name->empty() && *name != claim.key.name)
    co_return refuse(fmt::format("authentication failed: proxy name from requestor: {} is different than in token: {}",
                                 claim.key.name, *name));
  if (!mesh->empty() && *mesh != claim.key.mesh)
    co_return refuse(fmt::format("authentication failed: proxy mesh from requestor: {} is different than in token: {}",
                                 claim.key.mesh, *mesh));
  auto fits = check_tags(*tags, tags_of(*resource));
  if (!fits) co_return refuse("authentication failed: " + fits.error().message);
  co_return Result<>();
}

asio::awaitable<Result<>> ProxyAuthenticator::check_zone_proxy(const Claim& claim, const std::string& token) const {
  auto claims = co_await zone_.validate(token, options_.federated ? zone_token_public_keys() : zone_token_keys());
  if (!claims) co_return refuse("authentication failed: " + claims.error().message);
  auto zone = text_claim(*claims, "Zone");
  auto scope = list_claim(*claims, "Scope");
  if (!zone || !scope) co_return refuse("authentication failed: the token's claims have another type");
  if (std::ranges::find(*scope, claim.proxy_type) == scope->end()) {
    std::string listed;
    for (const auto& part : *scope) listed += (listed.empty() ? "" : " ") + part;
    co_return refuse(
        fmt::format("authentication failed: token cannot be used to authenticate zone entity ({} is out of token's "
                    "scope: [{}])",
                    claim.proxy_type, listed));
  }
  if (!zone->empty() && *zone != options_.zone)
    co_return refuse(fmt::format("authentication failed: zone from requestor: {} is different than in token: {}",
                                 options_.zone, *zone));
  const Kind& kind = claim.proxy_type == "ingress" ? kind::zone_ingress() : kind::zone_egress();
  if (!claim.resource_text.empty()) {
    auto resource = brought(claim.resource_text, kind);
    if (!resource) co_return fail(resource.error());
    if (auto own = check_zone(*resource, options_.zone); !own) co_return own;
  }
  // The one that it takes the place of must not be another zone's either.
  auto stored = co_await store_.get(kind, claim.key);
  if (!stored && stored.error().code != Code::not_found) co_return fail(stored.error());
  if (!stored) co_return Result<>();
  co_return check_zone(**stored, options_.zone);
}

}  // namespace kumasim::cp
