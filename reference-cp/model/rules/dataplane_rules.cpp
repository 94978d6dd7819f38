/// Rules of Dataplane resources, with Kuma's paths and words (its own misspellings included).
#include "reference-cp/model/rules/dataplane_rules.hpp"

#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/tags.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

bool is_destination_kind(const std::string& kind) {
  return kind == "MeshService" || kind == "MeshExternalService" || kind == "MeshMultiZoneService";
}

constexpr const char* destination_kinds =
    "invalid value. Available values are: MeshExternalService,MeshMultiZoneService,MeshService";

void validate_probe(const json& probe, const Path& path, Violations& out) {
  for (const char* field : {"interval", "timeout"}) {
    if (!has(probe, field)) continue;
    auto value = parse_duration(text_at(probe, field));
    if (value && value->count() == 0) out.add(path.at(field), "must have a positive value");
  }
  for (const char* field : {"unhealthyThreshold", "healthyThreshold"}) {
    if (at(probe, field) == 0) out.add(path.at(field), "must have a positive value");
  }
}

void validate_inbound(const json& inbound, const std::string& address, const Path& path, Violations& out) {
  const json& port = at(inbound, "port");
  const json& service_port = at(inbound, "servicePort");
  validate_port(port, path.at("port"), out);
  if (has(inbound, "servicePort")) validate_port(service_port, path.at("servicePort"), out);
  bool same_port = service_port.is_null() || service_port == port;
  std::string service_address = text_at(inbound, "serviceAddress"), own = text_at(inbound, "address");
  const char* must_differ = "serviceAddress and servicePort has to differ from address and port";
  if (!service_address.empty()) {
    if (!is_ip(service_address)) out.add(path.at("serviceAddress"), "serviceAddress has to be valid IP address");
    if (service_address == address && same_port) out.add(path.at("serviceAddress"), must_differ);
  }
  if (!own.empty()) {
    if (!is_ip(own)) out.add(path.at("address"), "address has to be valid IP address");
    if (own == service_address && same_port) out.add(path.at("serviceAddress"), must_differ);
  }
  TagRules rules;
  rules.extra = [](const json& tags, const Path& at_tags, Violations& found) {
    std::string protocol = text_at(tags, "kuma.io/protocol");
    if (has(tags, "kuma.io/protocol") && !is_protocol(protocol)) {
      found.add(at_tags.key("kuma.io/protocol"), "tag \"kuma.io/protocol\" has an invalid value \"" + protocol +
                                                     "\". Allowed values: grpc, http, http2, kafka, tcp");
    }
  };
  const json& tags = at(inbound, "tags");
  validate_tags(tags, rules, path.at("tags"), out);
  validate_probe(at(inbound, "serviceProbe"), path.at("serviceProbe"), out);
  if (!has(tags, "kuma.io/service")) out.add(path.at("tags").key("kuma.io/service"), "tag has to exist");
}

void validate_outbound(const json& outbound, const Path& path, Violations& out) {
  validate_port(at(outbound, "port"), path.at("port"), out);
  std::string address = text_at(outbound, "address");
  if (!address.empty() && !is_ip(address)) out.add(path.at("address"), "address has to be valid IP address");
  const json& tags = at(outbound, "tags");
  if (has(outbound, "backendRef")) {
    const json& ref = at(outbound, "backendRef");
    Path here = path.at("backendRef");
    if (!is_destination_kind(text_at(ref, "kind"))) out.add(here.at("kind"), destination_kinds);
    if (text_at(ref, "name").empty() && at(ref, "labels").empty()) {
      out.add(here, "either 'name' or 'labels' should be specified");
    }
    if (text_at(ref, "kind") != "MeshExternalService") validate_port(at(ref, "port"), here.at("port"), out);
    if (!tags.empty()) out.add(here, "both backendRef and tags/service cannot be defined");
  } else if (tags.empty()) {
    out.add(path.at("tags"), "mandatory tag \"kuma.io/service\" is missing");
  } else {
    validate_tags(tags, {.service_needed = true}, path.at("tags"), out);
  }
}

void validate_reachable(const json& proxying, const Path& path, Violations& out) {
  const json& refs = at(at(proxying, "reachableBackends"), "refs");
  for (std::size_t i = 0; i < refs.size(); ++i) {
    Path item = path.at("reachableBackends.refs").at(i);
    std::string name = text_at(refs[i], "name"), ns = text_at(refs[i], "namespace");
    bool labels = !at(refs[i], "labels").empty();
    if (!is_destination_kind(text_at(refs[i], "kind"))) out.add(item.at("kind"), destination_kinds);
    if (!name.empty()) validate_resource_name(name, item.at("name"), out);
    if (name.empty() && ns.empty() && !labels) out.add(item.at("name"), "name or labels are required");
    if (name.empty() && !ns.empty()) out.add(item.at("name"), "name is required, when namespace is defined");
    if ((!name.empty() || !ns.empty()) && labels)
      out.add(item.at("labels"), "labels cannot be defined when name is specified");
  }
}

void validate_gateway(const json& gateway, const Path& path, Violations& out) {
  TagRules rules{.service_needed = true};
  rules.extra = [](const json& tags, const Path& at_tags, Violations& found) {
    std::string protocol = text_at(tags, "kuma.io/protocol");
    if (has(tags, "kuma.io/protocol") && lower_case(protocol) != "tcp") {
      found.add(at_tags.key("kuma.io/protocol"),
                "other values than tcp are not allowed, provided value \"" + protocol + "\"");
    }
  };
  validate_tags(at(gateway, "tags"), rules, path.at("tags"), out);
}

void validate_networking(const json& networking, const Path& path, Violations& out) {
  std::string address = text_at(networking, "address");
  validate_proxy_address(address, path.at("address"), out);
  const json& inbounds = at(networking, "inbound");
  for (std::size_t i = 0; i < inbounds.size(); ++i)
    validate_inbound(inbounds[i], address, path.at("inbound").at(i), out);
  const json& outbounds = at(networking, "outbound");
  for (std::size_t i = 0; i < outbounds.size(); ++i) validate_outbound(outbounds[i], path.at("outbound").at(i), out);
  validate_reachable(at(networking, "transparentProxying"), path.at("transparentProxing"), out);
}

void validate_probes(const json& probes, Violations& out) {
  if (probes.is_null()) return;
  const Path path("probes");
  validate_port(at(probes, "port"), path.at("port"), out);
  const json& endpoints = at(probes, "endpoints");
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    Path item = path.at("endpoints").at(i);
    validate_port(at(endpoints[i], "inboundPort"), item.at("inboundPort"), out);
    for (const char* field : {"inboundPath", "path"}) {
      if (!is_request_uri(text_at(endpoints[i], field))) out.add(item.at(field), "should be a valid URL Path");
    }
  }
}

/// Whether something listens on a port of the loopback address, where Envoy's admin API is.
bool on_loopback(const std::string& address) {
  return address.empty() || address == "127.0.0.1" || address == "0.0.0.0" || address == "::";
}

void validate_admin(const json& networking, const Path& path, Violations& out) {
  const json& admin = at(networking, "admin");
  if (admin.is_null()) return;
  const json port = has(admin, "port") ? at(admin, "port") : json(0);
  std::string address = text_at(networking, "address");
  for (const auto& inbound : at(networking, "inbound")) {
    std::string own = text_at(inbound, "address").empty() ? address : text_at(inbound, "address");
    const json& service_port = has(inbound, "servicePort") ? at(inbound, "servicePort") : at(inbound, "port");
    bool proxy = at(inbound, "port") == port && !own.empty() && on_loopback(own);
    bool application = service_port == port && on_loopback(text_at(inbound, "serviceAddress"));
    if (proxy || application) {
      out.add(path.at("admin").at("port"), "must differ from inbound");
      break;
    }
  }
  for (const auto& outbound : at(networking, "outbound")) {
    if (at(outbound, "port") == port && on_loopback(text_at(outbound, "address"))) {
      out.add(path.at("admin").at("port"), "must differ from outbound");
      break;
    }
  }
}

}  // namespace

const char* dataplane_proxy_type(const json& spec) {
  return text_at(at(at(spec, "networking"), "gateway"), "type") == "BUILTIN" ? "gateway" : "sidecar";
}

void validate_dataplane(const Resource& resource, Violations& out) {
  const Path path("networking");
  const json& networking = at(resource.spec, "networking");
  if (networking.is_null()) return out.add(path, "must be defined");
  validate_admin(networking, path, out);
  const json& inbounds = at(networking, "inbound");
  const json& probes = at(resource.spec, "probes");
  const json& gateway = at(networking, "gateway");
  if (gateway.is_null()) {
    if (inbounds.empty()) out.add(path, "has to contain at least one inbound interface or gateway");
    validate_networking(networking, path, out);
    validate_probes(probes, out);
    const json& metrics = at(resource.spec, "metrics");
    if (metrics.is_null()) return;
    if (text_at(metrics, "type") != "prometheus") {
      out.add(Path("metrics").at("type"), "unknown backend type. Available backends: \"prometheus\"");
    } else {
      validate_prometheus(at(metrics, "conf"), Path("metrics").at("conf"), out);
    }
    return;
  }
  bool builtin = text_at(gateway, "type") == "BUILTIN";
  if (!inbounds.empty()) {
    out.add(path.at("inbound"), builtin ? "inbound cannot be defined for builtin gateways"
                                        : "inbound cannot be defined for delegated gateways");
  }
  if (builtin && !at(networking, "outbound").empty()) {
    out.add(path.at("outbound"), "outbound cannot be defined for builtin gateways");
  }
  if (builtin && !probes.is_null()) out.add(path.at("probes"), "probes cannot be defined for builtin gateways");
  validate_gateway(gateway, path.at("gateway"), out);
  validate_networking(networking, path, out);
  if (!builtin) validate_probes(probes, out);
}

}  // namespace kumasim::cp
