/// MeshGateway: the listeners of builtin gateways.
#include <map>
#include <set>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.MeshGateway";

SchemaPtr spec() {
  SchemaPtr tls = message(
      package + ".TLS.Conf",
      {{"mode", enumeration({"NONE", "TERMINATE", "PASSTHROUGH"}, package + ".TLS.Mode"), "where TLS ends"},
       {"certificates", list(data_source_schema()), "certificates and keys in one PEM; at most one RSA and one ECDSA"},
       {"options", message(package + ".TLS.Options", {}), "nothing yet"}});
  SchemaPtr listener = message(
      package + ".Listener",
      {{"hostname", string(), "host name that the listener is for; \"*.\" begins a wildcard; all when absent"},
       {"port", uint32(), "port that clients connect to"},
       {"protocol", enumeration({"NONE", "TCP", "TLS", "HTTP", "HTTPS"}, package + ".Listener.Protocol"),
        "what clients speak"},
       {"tls", tls, "TLS of clients"},
       {"tags", map(string()), "tags that routes attach by"},
       {"crossMesh", boolean(), "takes traffic of other meshes"},
       {"resources",
        message(package + ".Listener.Resources", {{"connectionLimit", uint32(), "most connections of the port"}}),
        "limits"}});
  return message(package, {{"selectors", selectors_schema(), "the gateway proxies"},
                           {"tags", map(string()), "tags of all its listeners"},
                           {"conf", message(package + ".Conf", {{"listeners", list(listener), "what it listens on"}}),
                            "listeners"}});
}

/// `*`, `*.domain` or `domain`, as Kuma checks host names of listeners.
void validate_hostname(const std::string& hostname, const Path& path, Violations& out) {
  if (hostname == "*") return;
  if (hostname.size() > 253) out.add(path, "must be at most 253 characters");
  bool wildcard = hostname.starts_with("*.");
  if (!is_domain(wildcard ? hostname.substr(2) : hostname)) {
    out.add(path, wildcard ? "invalid wildcard domain" : "invalid hostname");
  }
}

void validate_tls(const json& listener, const Path& path, Violations& out) {
  const json& tls = at(listener, "tls");
  bool cross_mesh = at(listener, "crossMesh") == true;
  std::string mode = text_at(tls, "mode");
  if (text_at(listener, "protocol") == "HTTPS") {
    if (cross_mesh) {
      out.add(path.at("protocol"), "protocol is not supported with crossMesh");
    } else if (tls.is_null()) {
      out.add(path.at("tls"), "cannot be empty");
    } else if (mode == "PASSTHROUGH") {
      out.add(path.at("tls.mode"), "mode is not supported on HTTPS listeners");
    }
  }
  if (tls.is_null()) return;
  const json& certificates = at(tls, "certificates");
  if (cross_mesh) {
    if (!mode.empty() || !certificates.empty()) out.add(path.at("tls"), "must be empty with crossMesh");
  } else if (mode.empty()) {
    out.add(path.at("tls.mode"), "cannot be empty");
  } else if (mode == "TERMINATE") {
    if (certificates.empty()) out.add(path.at("tls.certificates"), "cannot be empty in TLS termination mode");
    if (certificates.size() > 2) out.add(path.at("tls.certificates"), "cannot have more than 2 certificates");
  }
}

/// Listeners of one port become one listener of Envoy: they have to agree on the protocol and the limit, and to differ
/// in the host name.
void validate_ports(const json& listeners, const Path& path, Violations& out) {
  struct Port {
    std::map<std::string, std::vector<std::size_t>> protocols, hostnames;
    std::set<json> limits;
    std::vector<std::size_t> limited;
  };
  std::map<std::uint64_t, Port> ports;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const json& number = at(listeners[i], "port");
    Port& port = ports[number.is_number() ? number.get<std::uint64_t>() : 0];
    port.protocols[text_at(listeners[i], "protocol")].push_back(i);
    std::string hostname = text_at(listeners[i], "hostname");
    port.hostnames[hostname.empty() ? "*" : hostname].push_back(i);
    const json& limit = at(at(listeners[i], "resources"), "connectionLimit");
    if (limit.is_null()) continue;
    port.limits.insert(limit);
    port.limited.push_back(i);
  }
  for (const auto& [number, port] : ports) {
    for (const auto& [protocol, indexes] : port.protocols) {
      if (port.protocols.size() < 2) break;
      for (auto index : indexes) out.add(path.at(index), "protocol conflicts with other listeners on this port");
    }
    for (const auto& [hostname, indexes] : port.hostnames) {
      if (indexes.size() < 2) continue;
      for (auto index : indexes) out.add(path.at(index), "multiple listeners for hostname on this port");
    }
    for (auto index : port.limited) {
      if (port.limits.size() < 2) break;
      out.add(path.at(index).at("resources.connectionLimit"), "conflicting values for this port");
    }
  }
}

void validate(const Resource& resource, Violations& out) {
  const json& conf = at(resource.spec, "conf");
  const json& listeners = at(conf, "listeners");
  bool cross_mesh = false;
  for (const auto& listener : listeners) cross_mesh = cross_mesh || at(listener, "crossMesh") == true;
  const json& selectors = at(resource.spec, "selectors");
  validate_selectors(selectors, service_tags, Path("selectors"), out);
  for (std::size_t i = 1; cross_mesh && i < selectors.size(); ++i) {
    out.add(Path("selectors").at(i), "there can be at most one selector");
  }
  TagRules own_tags;
  own_tags.forbidden = {"kuma.io/external-service-name", "kuma.io/protocol", "kuma.io/service", "kuma.io/zone"};
  validate_selector(at(resource.spec, "tags"), own_tags, Path("tags"), out);
  if (conf.is_null()) return out.add(Path("conf"), "cannot be empty");
  const Path path("conf.listeners");
  if (listeners.empty()) out.add(path, "cannot be empty");
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const json& listener = listeners[i];
    Path item = path.at(i);
    std::string hostname = text_at(listener, "hostname");
    if (!hostname.empty()) validate_hostname(hostname, item.at("hostname"), out);
    validate_port(at(listener, "port"), item.at("port"), out);
    if (!has(listener, "protocol")) out.add(item.at("protocol"), "cannot be empty");
    validate_tls(listener, item, out);
    validate_selector(at(listener, "tags"), own_tags, item.at("tags"), out);
  }
  validate_ports(listeners, path, out);
}

}  // namespace

const Kind& kind::mesh_gateway() {
  static const Kind out = [] {
    KindTable table = flat_table("MeshGateway", "meshgateway", "meshgateways", "mgw");
    table.text = "The listeners of builtin gateways.";
    table.kds = {.global_to_zones = true, .zone_to_global = true};
    table.schema = spec();
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
