/// How a modification finds what it changes, and changes it.
#include "reference-cp/policy/mesh_proxy_patch/modifications.hpp"

#include <optional>
#include <string>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/policy/mesh_proxy_patch/message_text.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::policy::mesh_proxy_patch {
namespace {

using ::envoy::config::cluster::v3::Cluster;
using ::envoy::config::listener::v3::FilterChain;
using ::envoy::config::listener::v3::Listener;
using ::envoy::config::route::v3::VirtualHost;
using Json = nlohmann::json;

template <class T>
using Repeated = google::protobuf::RepeatedPtrField<T>;

/// One entry's part for a kind of resource.
struct Modification {
  const Json& json;
  std::string operation = text_at(json, "operation");
  const Json& patches = list_at(json, "jsonPatches");

  /// `match.<field>` is absent, or equal.
  bool allows(const char* field, std::string_view value) const {
    std::optional<std::string> wanted = optional_text_at(at(json, "match"), field);
    return !wanted || *wanted == value;
  }
  bool allows_origin(const EnvoyResource& resource) const { return allows("origin", to_string(resource.origin)); }
};

template <class Message>
std::optional<Message> value_of(const Modification& modification) {
  Message message;
  if (!read_message(text_at(modification.json, "value"), message)) return std::nullopt;
  return message;
}

template <class Message>
void change(Message& message, const Modification& modification, const Message& value) {
  if (modification.patches.empty())
    merge(message, value);
  else
    (void)patch(message, modification.patches);
}

template <class Filter>
void change_filter(Filter& filter, const Modification& modification, const Filter& value) {
  if (!modification.patches.empty()) {
    if (filter.has_typed_config()) (void)patch_any(*filter.mutable_typed_config(), modification.patches);
  } else if (value.has_typed_config()) {
    (void)merge_any(*filter.mutable_typed_config(), value.typed_config());
  }
}

/// Listeners of the redirection have two names, by how resources are named for the proxy; either means both.
bool is_listener(const std::string& wanted, const std::string& name) {
  if (wanted == name) return true;
  for (const char* direction : {"inbound", "outbound"})
    for (int version : {4, 6}) {
      std::string plain = std::string(direction) + ":passthrough:ipv" + std::to_string(version);
      std::string unified = envoy::unified::passthrough(direction, version);
      if ((wanted == plain && name == unified) || (wanted == unified && name == plain)) return true;
    }
  return false;
}

bool selects_listener(const Modification& modification, const EnvoyResource& resource, const char* name_field,
                      const char* tags_field) {
  const Json& match = at(modification.json, "match");
  if (auto name = optional_text_at(match, name_field); name && !is_listener(*name, resource.name)) return false;
  if (!modification.allows_origin(resource)) return false;
  Tags wanted = tags_of(at(match, tags_field)), tags;
  const auto& listener = static_cast<const Listener&>(*resource.message);
  if (auto found = listener.metadata().filter_metadata().find("io.kuma.tags");
      found != listener.metadata().filter_metadata().end())
    for (const auto& [key, value] : found->second.fields()) tags[key] = value.string_value();
  return legacy::matches(wanted, tags);
}

/// Clusters and listeners.
template <class Message, class Select>
void modify_resources(ResourceSet& resources, const Modification& modification, std::string_view type,
                      const Select& selects) {
  std::optional<Message> value = value_of<Message>(modification);
  if (!value) return;
  if (modification.operation == "Add") {
    std::string name = value->name();
    resources.add(name, std::make_unique<Message>(std::move(*value)), Origin::policy);
    return;
  }
  std::vector<std::string> removed;
  for (auto& [name, resource] : resources.of(type)) {
    if (!selects(resource)) continue;
    if (modification.operation == "Remove") removed.push_back(name);
    if (modification.operation == "Patch") change(ResourceSet::as<Message>(resource), modification, *value);
  }
  for (const std::string& name : removed) resources.remove(type, name);
}

template <class T>
void insert(Repeated<T>& list, int position, const T& value) {
  *list.Add() = value;
  for (int i = list.size() - 1; i > position; --i) list.SwapElements(i, i - 1);
}

template <class T>
void remove_named(Repeated<T>& list, const Modification& modification) {
  for (int i = list.size() - 1; i >= 0; --i)
    if (modification.allows("name", list[i].name())) list.DeleteSubrange(i, 1);
}

/// Network and HTTP filters.
template <class Filter>
void modify_filters(Repeated<Filter>& filters, const Modification& modification, const Filter& value) {
  const std::string& operation = modification.operation;
  if (operation == "AddFirst") return insert(filters, 0, value);
  if (operation == "AddLast") return insert(filters, filters.size(), value);
  if (operation == "Remove") return remove_named(filters, modification);
  std::string beside = text_at(modification.json, "match", "name");
  for (int i = 0; i < filters.size(); ++i) {
    if (operation == "Patch") {
      if (modification.allows("name", filters[i].name())) change_filter(filters[i], modification, value);
    } else if (filters[i].name() == beside) {
      return insert(filters, operation == "AddBefore" ? i : i + 1, value);
    }
  }
}

void modify_network_filters(ResourceSet& resources, const Modification& modification) {
  auto value = value_of<::envoy::config::listener::v3::Filter>(modification);
  if (!value) return;
  for (auto& [name, resource] : resources.of(type_url::listener))
    if (selects_listener(modification, resource, "listenerName", "listenerTags"))
      for (FilterChain& chain : *ResourceSet::as<Listener>(resource).mutable_filter_chains())
        modify_filters(*chain.mutable_filters(), modification, *value);
}

void modify_http_filters(ResourceSet& resources, const Modification& modification) {
  auto value = value_of<::envoy::extensions::filters::network::http_connection_manager::v3::HttpFilter>(modification);
  if (!value) return;
  for (auto& [name, resource] : resources.of(type_url::listener))
    if (selects_listener(modification, resource, "listenerName", "listenerTags"))
      for (FilterChain& chain : *ResourceSet::as<Listener>(resource).mutable_filter_chains())
        change_hcm(chain, [&](Hcm& hcm) { modify_filters(*hcm.mutable_http_filters(), modification, *value); });
}

/// Only those that a listener holds itself, as Kuma does.
void modify_virtual_hosts(ResourceSet& resources, const Modification& modification) {
  auto value = value_of<VirtualHost>(modification);
  if (!value) return;
  auto modify = [&](Hcm& hcm) {
    if (!hcm.has_route_config()) return;
    if (!modification.allows("routeConfigurationName", hcm.route_config().name())) return;
    auto& hosts = *hcm.mutable_route_config()->mutable_virtual_hosts();
    if (modification.operation == "Add") *hosts.Add() = *value;
    if (modification.operation == "Remove") remove_named(hosts, modification);
    if (modification.operation == "Patch")
      for (VirtualHost& host : hosts)
        if (modification.allows("name", host.name())) change(host, modification, *value);
  };
  for (auto& [name, resource] : resources.of(type_url::listener))
    if (modification.allows_origin(resource))
      for (FilterChain& chain : *ResourceSet::as<Listener>(resource).mutable_filter_chains()) change_hcm(chain, modify);
}

}  // namespace

void apply_modifications(ResourceSet& resources, const Json& modifications) {
  for (const Json& entry : modifications) {
    if (entry.contains("cluster")) {
      Modification cluster{entry.at("cluster")};
      modify_resources<Cluster>(resources, cluster, type_url::cluster, [&](const EnvoyResource& resource) {
        return cluster.allows("name", resource.name) && cluster.allows_origin(resource);
      });
    } else if (entry.contains("listener")) {
      Modification listener{entry.at("listener")};
      modify_resources<Listener>(resources, listener, type_url::listener, [&](const EnvoyResource& resource) {
        return selects_listener(listener, resource, "name", "tags");
      });
    } else if (entry.contains("networkFilter")) {
      modify_network_filters(resources, {entry.at("networkFilter")});
    } else if (entry.contains("httpFilter")) {
      modify_http_filters(resources, {entry.at("httpFilter")});
    } else if (entry.contains("virtualHost")) {
      modify_virtual_hosts(resources, {entry.at("virtualHost")});
    }
  }
}

}  // namespace kumasim::cp::policy::mesh_proxy_patch
