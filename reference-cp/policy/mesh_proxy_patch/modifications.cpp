/// How a modification finds what it changes, and changes it.
#include "reference-cp/policy/mesh_proxy_patch/modifications.hpp"

#include <optional>
#include <string>
#include <type_traits>

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
Result<Message> value_of(const Modification& modification) {
  Message message;
  if (auto read = read_message(text_at(modification.json, "value"), message); !read)
    return std::unexpected(read.error());
  return message;
}

template <class Message>
Result<> change(Message& message, const Modification& modification, const Message& value) {
  if (!modification.patches.empty()) return patch(message, modification.patches);
  merge(message, value);
  return {};
}

template <class Filter>
Result<> change_filter(Filter& filter, const Modification& modification, const Filter& value) {
  if (!modification.patches.empty()) return patch_any(*filter.mutable_typed_config(), modification.patches);
  if (!value.has_typed_config()) return {};
  return merge_any(*filter.mutable_typed_config(), value.typed_config());
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
Result<> modify_resources(ResourceSet& resources, const Modification& modification, std::string_view type,
                          Origin added, const Select& selects) {
  Result<Message> value = value_of<Message>(modification);
  if (!value) return std::unexpected(value.error());
  if (modification.operation == "Add") {
    std::string name = value->name();
    resources.add(name, std::make_unique<Message>(std::move(*value)), added);
    return {};
  }
  std::vector<std::string> removed;
  for (auto& [name, resource] : resources.of(type)) {
    if (!selects(resource)) continue;
    if (modification.operation == "Remove") removed.push_back(name);
    if (modification.operation != "Patch") continue;
    if (auto done = change(ResourceSet::as<Message>(resource), modification, *value); !done) return done;
  }
  for (const std::string& name : removed) resources.remove(type, name);
  return {};
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
Result<> modify_filters(Repeated<Filter>& filters, const Modification& modification, const Filter& value) {
  const std::string& operation = modification.operation;
  if (operation == "AddFirst") insert(filters, 0, value);
  if (operation == "AddLast") insert(filters, filters.size(), value);
  if (operation == "Remove") remove_named(filters, modification);
  bool beside_one = operation == "AddBefore" || operation == "AddAfter";
  if (!beside_one && operation != "Patch") return {};
  std::string beside = text_at(modification.json, "match", "name");
  for (int i = 0; i < filters.size(); ++i) {
    if (beside_one && filters[i].name() == beside) {
      insert(filters, operation == "AddBefore" ? i : i + 1, value);
      return {};
    }
    if (beside_one || !modification.allows("name", filters[i].name())) continue;
    if (auto done = change_filter(filters[i], modification, value); !done) return done;
  }
  return {};
}

/// Calls `change` on every filter chain of the listeners that the modification selects, until it fails.
template <class Select, class Change>
Result<> for_each_chain(ResourceSet& resources, const Select& selects, const Change& change) {
  for (auto& [name, resource] : resources.of(type_url::listener)) {
    if (!selects(resource)) continue;
    for (FilterChain& chain : *ResourceSet::as<Listener>(resource).mutable_filter_chains())
      if (Result<> done = change(chain); !done) return done;
  }
  return {};
}

/// As for_each_chain, for the HTTP connection managers of the chains.
template <class Select, class Change>
Result<> for_each_manager(ResourceSet& resources, const Select& selects, const Change& change) {
  return for_each_chain(resources, selects, [&](FilterChain& chain) {
    Result<> result;
    change_hcm(chain, [&](Hcm& hcm) {
      if (Result<> done = change(hcm); !done) result = done;
    });
    return result;
  });
}

Result<> modify_network_filters(ResourceSet& resources, const Modification& modification) {
  auto value = value_of<::envoy::config::listener::v3::Filter>(modification);
  if (!value) return std::unexpected(value.error());
  auto selects = [&](const EnvoyResource& resource) {
    return selects_listener(modification, resource, "listenerName", "listenerTags");
  };
  return for_each_chain(resources, selects, [&](FilterChain& chain) {
    return modify_filters(*chain.mutable_filters(), modification, *value);
  });
}

/// Kuma reads the text only where a listener is selected.
Result<> modify_http_filters(ResourceSet& resources, const Modification& modification) {
  using ::envoy::extensions::filters::network::http_connection_manager::v3::HttpFilter;
  auto selects = [&](const EnvoyResource& resource) {
    return selects_listener(modification, resource, "listenerName", "listenerTags");
  };
  return for_each_manager(resources, selects, [&](Hcm& hcm) -> Result<> {
    auto value = value_of<HttpFilter>(modification);
    if (!value) return std::unexpected(value.error());
    return modify_filters(*hcm.mutable_http_filters(), modification, *value);
  });
}

Result<> modify_hosts(Hcm& hcm, const Modification& modification, const VirtualHost& value) {
  if (!hcm.has_route_config() || !modification.allows("routeConfigurationName", hcm.route_config().name())) return {};
  auto& hosts = *hcm.mutable_route_config()->mutable_virtual_hosts();
  if (modification.operation == "Add") *hosts.Add() = value;
  if (modification.operation == "Remove") remove_named(hosts, modification);
  if (modification.operation != "Patch") return {};
  for (VirtualHost& host : hosts)
    if (modification.allows("name", host.name()))
      if (auto done = change(host, modification, value); !done) return done;
  return {};
}

/// Only those that a listener holds itself, as Kuma does.
Result<> modify_virtual_hosts(ResourceSet& resources, const Modification& modification) {
  auto value = value_of<VirtualHost>(modification);
  if (!value) return std::unexpected(value.error());
  auto selects = [&](const EnvoyResource& resource) { return modification.allows_origin(resource); };
  return for_each_manager(resources, selects, [&](Hcm& hcm) { return modify_hosts(hcm, modification, *value); });
}

Result<> apply_one(ResourceSet& resources, const Json& entry, Origin listeners) {
  if (entry.contains("cluster")) {
    Modification cluster{entry.at("cluster")};
    auto selects = [&](const EnvoyResource& resource) {
      return cluster.allows("name", resource.name) && cluster.allows_origin(resource);
    };
    // A MeshProxyPatch's, too: as Kuma has it.
    return modify_resources<Cluster>(resources, cluster, type_url::cluster, Origin::proxy_template_modifications,
                                     selects);
  }
  if (entry.contains("listener")) {
    Modification listener{entry.at("listener")};
    auto selects = [&](const EnvoyResource& resource) {
      return selects_listener(listener, resource, "name", "tags");
    };
    return modify_resources<Listener>(resources, listener, type_url::listener, listeners, selects);
  }
  if (entry.contains("networkFilter")) return modify_network_filters(resources, {entry.at("networkFilter")});
  if (entry.contains("httpFilter")) return modify_http_filters(resources, {entry.at("httpFilter")});
  if (entry.contains("virtualHost")) return modify_virtual_hosts(resources, {entry.at("virtualHost")});
  return {};
}

}  // namespace

Result<> apply_modifications(ResourceSet& resources, const Json& modifications, Origin listeners) {
  for (const Json& entry : modifications)
    if (auto done = apply_one(resources, entry, listeners); !done) return done;
  return {};
}

}  // namespace kumasim::cp::policy::mesh_proxy_patch
