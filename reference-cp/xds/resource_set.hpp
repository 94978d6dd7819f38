/// The mutable set of Envoy resources of one proxy: generators fill it, policies work on it, then it becomes a
/// Snapshot.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference-cp/xds/kri.hpp"
#include "reference-cp/xds/snapshot.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace google::protobuf {
class Message;
}

namespace kumasim::cp {

/// Which generator made a resource. Policies choose by it, MeshProxyPatch matches on it.
enum class Origin : std::uint8_t {
  admin,
  direct_access,
  dns,
  dynamic_config,
  egress,
  gateway,
  inbound,
  ingress,
  mesh_access_log,
  mesh_identity,
  mesh_identity_spire,
  mesh_passthrough,
  mesh_proxy_patch,
  mesh_trace,
  mesh_trust,
  open_telemetry,
  outbound,
  probe,
  prometheus,
  proxy_template_modifications,
  proxy_template_raw,
  secrets,
  tracing,
  transparent,
};
/// Kuma's word for it: "inbound", "direct-access", ...
std::string_view to_string(Origin origin);

struct EnvoyResource {
  std::string name;
  std::unique_ptr<google::protobuf::Message> message;
  Origin origin = Origin::inbound;
  Kri resource;          ///< the Mesh*Service (or other resource) it stands for, empty for legacy ones
  std::string protocol;  ///< of the service behind it: tcp, http, http2, grpc, kafka, tls; empty where it has none

  EnvoyResource(std::string name, std::unique_ptr<google::protobuf::Message> message, Origin origin, Kri resource = {},
                std::string protocol = {});
  ~EnvoyResource();
  EnvoyResource(EnvoyResource&&) noexcept;
  EnvoyResource& operator=(EnvoyResource&&) noexcept;
};

/// The hosts under one name of a builtin gateway's listener, and where their routes lead: the clusters of all entries,
/// in order, each as often as it is named. Some policies work on a cluster once for each time.
struct GatewayHosts {
  std::uint32_t port = 0;
  bool http = false;     ///< else connections
  std::string hostname;  ///< "*" where the listener has none
  std::vector<std::string> clusters;
};

/// A message as it goes on the wire, named by its content.
XdsResourcePtr serialise(const std::string& name, std::string_view type_url, const google::protobuf::Message& message);

class ResourceSet {
 public:
  using Named = std::map<std::string, EnvoyResource, std::less<>>;

  ResourceSet();
  ~ResourceSet();
  ResourceSet(ResourceSet&&) noexcept;
  ResourceSet& operator=(ResourceSet&&) noexcept;

  /// A resource of the same type and name is replaced. The type is the message's own. Returns it as held.
  EnvoyResource& add(EnvoyResource resource);
  EnvoyResource& add(std::string name, std::unique_ptr<google::protobuf::Message> message, Origin origin,
                     Kri resource = {}, std::string protocol = {});
  /// One that is the same for many proxies, serialised already: policies do not see it. Replaces and is replaced as the
  /// others.
  void add_finished(std::string_view type_url, XdsResourcePtr resource);
  bool remove(std::string_view type_url, std::string_view name);
  void add_all(ResourceSet other);

  /// nullptr where there is none.
  EnvoyResource* find(std::string_view type_url, std::string_view name);
  /// All of one type, ordered by name; may be worked on while iterating, not added to.
  Named& of(std::string_view type_url);
  const Named& of(std::string_view type_url) const;

  /// The message of a resource as M; nullptr where there is none. REQUIRES: M is the message of the type URL.
  template <class M>
  M* get(std::string_view type_url, std::string_view name) {
    EnvoyResource* found = find(type_url, name);
    return found ? static_cast<M*>(found->message.get()) : nullptr;
  }
  template <class M>
  static M& as(EnvoyResource& resource) {
    return static_cast<M&>(*resource.message);
  }

  void add_gateway_hosts(GatewayHosts hosts) { gateway_hosts_.push_back(std::move(hosts)); }
  /// By listeners; in the order in which Kuma has the names of one.
  const std::vector<GatewayHosts>& gateway_hosts() const { return gateway_hosts_; }

  /// Serialises every resource that is not finished (deterministically) and names it by its content.
  Snapshot snapshot() const;

 private:
  std::map<std::string, Named, std::less<>> types_;
  std::map<std::string, Snapshot::Resources, std::less<>> finished_;  ///< no name is in both
  std::vector<GatewayHosts> gateway_hosts_;
};

}  // namespace kumasim::cp
