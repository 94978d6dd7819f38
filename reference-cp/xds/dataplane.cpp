#include "reference-cp/xds/dataplane.hpp"

#include <algorithm>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp {
namespace {

constexpr std::uint32_t serviceless_port = 49151;

std::string or_else(std::string text, const std::string& fallback) { return text.empty() ? fallback : text; }

/// Ready unless its state says otherwise (`Ready` is the default) or its health is reported bad.
bool is_ready(const nlohmann::json& inbound) {
  std::string state = text_at(inbound, "state");
  if (!state.empty() && state != "Ready") return false;
  const nlohmann::json& health = at(inbound, "health");
  return health.is_null() || flag_at(health, "ready");
}

}  // namespace

std::vector<Inbound> inbounds_of(const Resource& dataplane) {
  const nlohmann::json& networking = at(dataplane.spec, "networking");
  std::string own = text_at(networking, "address");
  std::vector<Inbound> result;
  for (const nlohmann::json& from : at(networking, "inbound")) {
    Inbound inbound;
    inbound.index = result.size();
    inbound.name = text_at(from, "name");
    inbound.address = or_else(text_at(from, "address"), own);
    inbound.port = number_at(from, "port");
    inbound.service_address = or_else(text_at(from, "serviceAddress"), inbound.address);
    std::uint32_t service_port = number_at(from, "servicePort");
    inbound.service_port = service_port ? service_port : inbound.port;
    inbound.tags = tags_of(at(from, "tags"));
    inbound.protocol = text_at(from, "tags", "kuma.io/protocol");
    inbound.service = text_at(from, "tags", "kuma.io/service");
    inbound.ready = is_ready(from);
    inbound.serviceless = inbound.port == serviceless_port;
    result.push_back(std::move(inbound));
  }
  return result;
}

std::string advertised_address(const Resource& dataplane, const Inbound& inbound) {
  return or_else(text_at(dataplane.spec, "networking", "advertisedAddress"), inbound.address);
}

std::map<std::string, std::set<std::string>, std::less<>> tag_values(const Resource& dataplane) {
  std::map<std::string, std::set<std::string>, std::less<>> result;
  const nlohmann::json& networking = at(dataplane.spec, "networking");
  for (const auto& [key, value] : tags_of(at(networking, "gateway", "tags"))) result[key].insert(value);
  for (const nlohmann::json& inbound : at(networking, "inbound"))
    for (const auto& [key, value] : tags_of(at(inbound, "tags"))) result[key].insert(value);
  return result;
}

bool tags_match(const Tags& tags, const Tags& selector) {
  return std::ranges::all_of(selector, [&](const auto& pair) {
    auto found = tags.find(pair.first);
    return pair.second == "*" || (found != tags.end() && found->second == pair.second);
  });
}

bool dataplane_matches(const Resource& dataplane, const Tags& selector) {
  const nlohmann::json& networking = at(dataplane.spec, "networking");
  if (const nlohmann::json& gateway = at(networking, "gateway"); gateway.is_object())
    if (tags_match(tags_of(at(gateway, "tags")), selector)) return true;
  return std::ranges::any_of(at(networking, "inbound"), [&](const nlohmann::json& inbound) {
    return tags_match(tags_of(at(inbound, "tags")), selector);
  });
}

}  // namespace kumasim::cp
