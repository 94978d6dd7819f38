/// Choice of a ProxyTemplate, and its modifications as those of MeshProxyPatch.
#include "reference-cp/policy/legacy/proxy_template.hpp"

#include <algorithm>
#include <cctype>

#include <google/protobuf/any.pb.h>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/policy/mesh_proxy_patch/message_text.hpp"
#include "reference-cp/policy/mesh_proxy_patch/modifications.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::policy::legacy::proxy_template {
namespace {

using Json = nlohmann::json;

bool selects(const Tags& selector, const ProxyView& proxy) {
  if (selector.empty()) return true;
  if (!proxy.gateway_type.empty() && matches(selector, gateway_tags(proxy))) return true;
  return std::ranges::any_of(proxy.inbounds, [&](const Inbound& inbound) { return matches(selector, inbound.tags); });
}

/// `addFirst` -> `AddFirst`; in a match an empty text says nothing.
Json as_proxy_patch(const Json& modification) {
  Json result = Json::object();
  for (const auto& [kind, json] : modification.items()) {
    Json part = json;
    std::string operation = text_at(json, "operation");
    if (!operation.empty()) operation[0] = char(std::toupper(static_cast<unsigned char>(operation[0])));
    part["operation"] = operation;
    if (auto match = part.find("match"); match != part.end() && match->is_object())
      for (auto it = match->begin(); it != match->end();) it = *it == "" ? match->erase(it) : std::next(it);
    result[kind] = std::move(part);
  }
  return result;
}

}  // namespace

ResourcePtr find(const ProxyView& proxy, const MeshView& mesh) {
  ResourcePtr best;
  Rank best_rank;
  auto consider = [&](const ResourcePtr& candidate, const Tags& selector) {
    if (!selects(selector, proxy)) return;
    Rank own = rank(selector);
    int order = best ? compare(own, best_rank) : 1;
    if (order > 0 || (order == 0 && candidate->meta.creation > best->meta.creation)) best = candidate, best_rank = own;
  };
  for (auto [name, candidate] : mesh.all("ProxyTemplate")) {
    const Json& selectors = list_at(candidate->spec, "selectors");
    if (selectors.empty()) consider(candidate, {});
    for (const Json& each : selectors) consider(candidate, selector_of(each));
  }
  return best;
}

bool imports_profile(const ResourcePtr& found) {
  return !found || !list_at(at(found->spec, "conf"), "imports").empty();
}

Result<> apply(ResourceSet& resources, const Resource& found) {
  const Json& conf = at(found.spec, "conf");
  for (const Json& raw : list_at(conf, "resources")) {
    google::protobuf::Any any;
    if (auto read = mesh_proxy_patch::read_message(text_at(raw, "resource"), any); !read) return read;
    auto message = mesh_proxy_patch::unpack(any);
    if (!message) return fail(Code::invalid_argument, "unknown type: " + any.type_url());
    resources.add(text_at(raw, "name"), std::move(message), Origin::proxy_template_raw);
  }
  Json modifications = Json::array();
  for (const Json& modification : list_at(conf, "modifications")) modifications.push_back(as_proxy_patch(modification));
  return mesh_proxy_patch::apply_modifications(resources, modifications, Origin::proxy_template_modifications);
}

}  // namespace kumasim::cp::policy::legacy::proxy_template
