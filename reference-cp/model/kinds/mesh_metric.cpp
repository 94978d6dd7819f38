/// MeshMetric: which metrics a proxy and its application offer, and to whom.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/go_regex.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/urls.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

SchemaPtr conf() {
  SchemaPtr selectors = list(object({
      required({"type", enumeration({"Prefix", "Regex", "Exact", "Contains"}), "how the name is compared"}),
      required({"match", string(), "what it is compared with"}),
  }));
  SchemaPtr profile = object({required({"name", enumeration({"All", "Basic", "None"}), "the profile"})});
  SchemaPtr prometheus = object({
      {"clientId", string(), "which Prometheus it is for; all by default"},
      fallback({"port", uint32(), "port that is scraped"}, 5670),
      fallback({"path", string(), "path that is scraped"}, "/metrics"),
      {"tls",
       object({fallback({"mode", enumeration({"Disabled", "ProvidedTLS", "ActiveMTLSBackend"}), "which certificates"},
                        "Disabled")}),
       "TLS of the port"},
  });
  return object({
      {"sidecar",
       object({
           {"profiles",
            object({
                {"appendProfiles", list(profile), "sets of metrics"},
                {"exclude", selectors, "metrics taken away from the sets"},
                {"include", selectors, "metrics added to the sets"},
            }),
            "which metrics of the proxy"},
           {"includeUnused", boolean(), "metrics that were never written, too"},
       }),
       "metrics of the proxy"},
      {"applications",
       list(object({
           {"name", string(), "its name, a label of its metrics"},
           fallback({"path", string(), "path that is scraped"}, "/metrics"),
           {"address", string(), "address that is scraped; the inbound's by default"},
           required({"port", uint32(), "port that is scraped"}),
       })),
       "metrics of the application"},
      {"backends",
       list(object({
           required({"type", enumeration({"Prometheus", "OpenTelemetry"}), "which of the fields below is meant"}),
           {"prometheus", prometheus, "is scraped by Prometheus"},
           {"openTelemetry",
            object({
                required({"endpoint", string(), "host and port of the collector"}),
                {"refreshInterval", duration(), "time between two pushes"},
            }),
            "pushes to an OpenTelemetry collector"},
       })),
       "who gets them"},
  });
}

void validate_selectors(const json& selectors, const Path& path, Violations& out) {
  for (std::size_t i = 0; i < selectors.size(); ++i) {
    if (text_at(selectors[i], "type") == "Regex" && !is_go_regex(text_at(selectors[i], "match"))) {
      out.add(path.at(i).at("match"), "invalid regex");
    }
  }
}

void must_be_port(const json& port, const Path& path, Violations& out) {
  if (port < 1 || port > 65535) out.add(path, "port must be a valid (1-65535)");
}

void validate_backend(const json& backend, const Path& path, Violations& out) {
  if (text_at(backend, "type") == "Prometheus") {
    if (!has(backend, "prometheus")) return out.add(path.at("prometheus"), "must be defined");
    return must_be_port(at(at(backend, "prometheus"), "port"), path.at("port"), out);
  }
  if (!has(backend, "openTelemetry")) return out.add(path.at("openTelemetry"), "must be defined");
  std::string endpoint = text_at(at(backend, "openTelemetry"), "endpoint");
  Path place = path.at("openTelemetry").at("endpoint");
  if (!is_url(endpoint)) out.add(place, "must be a valid url");
  if (endpoint.starts_with("http://") || endpoint.starts_with("https://")) out.add(place, "must not use schema");
}

void validate(const Resource& resource, Violations& out) {
  TargetRefRules rules{.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset", "Dataplane"}};
  if (is_system_policy(resource)) {
    rules.kinds.push_back("MeshGateway");
    rules.gateway_listener_tags = true;
  }
  validate_top_level(resource, rules, out);
  const json& conf = at(resource.spec, "default");
  const Path path = Path("spec").at("default");
  const json& profiles = at(at(conf, "sidecar"), "profiles");
  for (const char* name : {"exclude", "include"}) {
    validate_selectors(at(profiles, name), path.at("sidecar").at("profiles").at(name), out);
  }
  // Kuma's paths name the lists' elements once more.
  const json& applications = at(conf, "applications");
  for (std::size_t i = 0; i < applications.size(); ++i) {
    must_be_port(at(applications[i], "port"), path.at("applications").at("application").at(i), out);
  }
  const json& backends = at(conf, "backends");
  for (std::size_t i = 0; i < backends.size(); ++i) {
    validate_backend(backends[i], path.at("backends").at("backend").at(i), out);
  }
}

}  // namespace

const Kind& kind::mesh_metric() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshMetric", "meshmetric", "meshmetrics", "mm");
    table.text = "Which metrics proxies and applications offer, and to whom.";
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        always({"default", conf(), "the configuration"}),
    });
    table.validate = validate;
    table.warn = warn_top_level;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
