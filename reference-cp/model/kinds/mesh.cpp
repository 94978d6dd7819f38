/// Mesh: the isolation unit that all other resources of a mesh belong to: mTLS, logging, tracing, metrics, routing.
#include <set>

#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/backend_conf.hpp"
#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/model/rules/tags.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.";

SchemaPtr backend(std::string type, Field extra) {
  return message(package + type, {{"name", string(), "the backend's name"},
                                  std::move(extra),
                                  {"type", string(), "what kind of backend"},
                                  {"conf", struct_schema(), "its configuration"}});
}

SchemaPtr mtls() {
  SchemaPtr certificate =
      message(package + "CertificateAuthorityBackend.DpCert",
              {
                  {"rotation",
                   message(package + "CertificateAuthorityBackend.DpCert.Rotation",
                           {{"expiration", string(), "life of a certificate; rotated at 4/5 of it"}}),
                   "rotation of certificates"},
                  {"requestTimeout", proto_duration(), "time to ask for a certificate"},
              });
  SchemaPtr authority =
      message(package + "CertificateAuthorityBackend",
              {
                  {"name", string(), "the backend's name"},
                  {"type", string(), "builtin or provided"},
                  {"dpCert", certificate, "certificates of the proxies"},
                  {"conf", struct_schema(), "its configuration"},
                  {"mode", enumeration({"STRICT", "PERMISSIVE"}, package + "CertificateAuthorityBackend.Mode"),
                   "whether plain text is refused"},
                  {"rootChain",
                   message(package + "CertificateAuthorityBackend.RootChain",
                           {{"requestTimeout", proto_duration(), "time to ask for the root"}}),
                   "the CA's chain"},
              });
  return message(package + "Mesh.Mtls", {
                                            {"enabledBackend", string(), "the backend in use"},
                                            {"backends", list(authority), "certificate authorities"},
                                            {"skipValidation", boolean(), "takes the CA unseen"},
                                        });
}

SchemaPtr spec() {
  SchemaPtr rule =
      message(package + "Mesh.DataplaneProxyConstraints.Rules", {{"tags", map(string()), "tags of proxies"}});
  return message(
      package + "Mesh",
      {
          {"mtls", mtls(), "mutual TLS between proxies"},
          {"tracing",
           message(
               package + "Tracing",
               {{"defaultBackend", string(), "the backend in use"},
                {"backends", list(backend("TracingBackend", {"sampling", wrapper(number()), "percentage of requests"})),
                 "where traces go"}}),
           "tracing (deprecated: use MeshTrace)"},
          {"logging",
           message(package + "Logging",
                   {{"defaultBackend", string(), "the backend in use"},
                    {"backends", list(backend("LoggingBackend", {"format", string(), "format of a line"})),
                     "where logs go"}}),
           "access logs (deprecated: use MeshAccessLog)"},
          {"metrics",
           message(package + "Metrics",
                   {{"enabledBackend", string(), "the backend in use"},
                    {"backends",
                     list(message(package + "MetricsBackend", {{"name", string(), "the backend's name"},
                                                               {"type", string(), "prometheus"},
                                                               {"conf", struct_schema(), "its configuration"}})),
                     "where metrics are offered"}}),
           "metrics (deprecated: use MeshMetric)"},
          {"networking",
           message(package + "Networking",
                   {{"outbound",
                     message(package + "Networking.Outbound",
                             {{"passthrough", wrapper(boolean()), "whether unknown destinations are let through"}}),
                     "outbound traffic"}}),
           "networking"},
          {"routing",
           message(package + "Routing",
                   {{"localityAwareLoadBalancing", boolean(), "prefers the proxy's own zone"},
                    {"zoneEgress", boolean(), "traffic leaves a zone by its egress only"},
                    {"defaultForbidMeshExternalServiceAccess", boolean(), "MeshExternalServices need a permission"}}),
           "routing"},
          {"constraints",
           message(package + "Mesh.Constraints", {{"dataplaneProxy",
                                                   message(package + "Mesh.DataplaneProxyConstraints",
                                                           {{"requirements", list(rule), "a proxy fits one of them"},
                                                            {"restrictions", list(rule), "a proxy fits none of them"}}),
                                                   "which proxies may join"}}),
           "constraints"},
          {"skipCreatingInitialPolicies", list(string()), "default policies that are not made; \"*\" for all"},
          {"meshServices",
           message(package + "Mesh.MeshServices",
                   {{"mode",
                     enumeration({"Disabled", "Everywhere", "ReachableBackends", "Exclusive"},
                                 package + "Mesh.MeshServices.Mode"),
                     "whether MeshServices are made and used"}}),
           "MeshServices"},
      });
}

/// Kuma's own durations: a whole number and one unit of y, w, d, h, m, s, ms; or "0".
bool is_expiration(std::string_view text) {
  if (text == "0") return true;
  auto digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) return false;
  std::string_view unit = text.substr(digits);
  return unit == "ms" || (unit.size() == 1 && std::string_view("ywdhms").find(unit[0]) != std::string_view::npos);
}

void validate_mtls(const json& mtls, Violations& out) {
  const Path path("mtls");
  const json& backends = at(mtls, "backends");
  if (backends.size() > 1) out.add(path.at("backends"), "cannot have more than 1 backends");
  std::set<std::string> names;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    std::string name = text_at(backends[i], "name");
    if (!names.insert(name).second) {
      out.add(path.at("backends").at(i).at("name"), "\"" + name + "\" name is already used for another backend");
    }
  }
  std::string enabled = text_at(mtls, "enabledBackend");
  if (!enabled.empty() && !names.contains(enabled)) {
    out.add(path.at("enabledBackend"), "has to be set to one of the backends in the mesh");
  }
  for (const auto& backend : backends) {
    if (!has(backend, "dpCert")) continue;
    if (!is_expiration(text_at(at(at(backend, "dpCert"), "rotation"), "expiration"))) {
      out.add(path.at("dpcert.rotation.expiration"), "has to be a valid format");
    }
  }
}

void validate_logging_conf(const std::string& type, const json& conf, const Path& path, Violations& out) {
  if (type == "file") {
    if (text_at(conf, "path").empty()) out.add(path.at("path"), "cannot be empty");
    return;
  }
  std::string address = text_at(conf, "address");
  auto colon = address.rfind(':');
  bool many = address.find(':') != colon && !(address.starts_with('[') && address[colon - 1] == ']');
  if (address.empty()) {
    out.add(path.at("address"), "cannot be empty");
  } else if (colon == std::string::npos || colon == 0 || colon + 1 == address.size() || many) {
    out.add(path.at("address"), "has to be in format of HOST:PORT");
  }
}

void validate_tracing_conf(const std::string& type, const json& conf, const Path& path, Violations& out) {
  if (type == "datadog") {
    if (text_at(conf, "address").empty()) out.add(path.at("address"), "cannot be empty");
    return validate_port(at(conf, "port"), path.at("port"), out);
  }
  std::string version = text_at(conf, "apiVersion"), url = text_at(conf, "url");
  if (!version.empty() && version != "httpJsonV1" && version != "httpJson" && version != "httpProto") {
    out.add(path.at("apiVersion"), "has invalid value. Allowed values: httpJsonV1, httpJson, httpProto");
  }
  if (url.empty()) return out.add(path.at("url"), "cannot be empty");
  if (!is_request_uri(url)) return out.add(path.at("url"), "invalid URL");
  auto host = url.find("://");
  std::string authority = host == std::string::npos ? "" : url.substr(host + 3, url.find('/', host + 3) - host - 3);
  if (authority.find(':') == std::string::npos) out.add(path.at("url"), "port has to be explicitly specified");
}

using ConfRule = void (*)(const std::string& type, const json& conf, const Path& path, Violations& out);

struct BackendRules {
  const char* section;
  const char* one;                 // "logging", "tracing"
  std::vector<const char*> types;  // as Kuma lists them
  ConfRule conf;
};

void validate_backends(const json& section, const BackendRules& rules, Violations& out) {
  const Path path(rules.section);
  const json& backends = at(section, "backends");
  std::set<std::string> names;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    Path item = path.at("backends").at(i);
    std::string name = text_at(backends[i], "name"), type = text_at(backends[i], "type");
    if (name.empty()) out.add(item.at("name"), "cannot be empty");
    if (has(backends[i], "sampling") && (at(backends[i], "sampling") < 0 || at(backends[i], "sampling") > 100)) {
      out.add(item.at("sampling"), "has to be in [0.0 - 100.0] range");
    }
    if (std::ranges::find(rules.types, type) != rules.types.end()) {
      BackendConf conf = read_backend_conf(type, at(backends[i], "conf"));
      if (conf.error.empty()) {
        rules.conf(type, conf.value, item.at("config"), out);
      } else {
        out.add(item.at("config"), "could not parse config: " + conf.error);
      }
    } else {
      std::string known;
      for (const char* one : rules.types) known += (known.empty() ? "\"" : ", \"") + std::string(one) + "\"";
      out.add(item.at("type"), "unknown backend type. Available backends: " + known);
    }
    if (!names.insert(name).second)
      out.add(item.at("name"), "\"" + name + "\" name is already used for another backend");
  }
  std::string chosen = text_at(section, "defaultBackend");
  if (!chosen.empty() && !names.contains(chosen)) {
    out.add(path.at("defaultBackend"), std::string("has to be set to one of the ") + rules.one + " backend in mesh");
  }
}

void validate_metrics(const json& metrics, Violations& out) {
  const Path path("metrics");
  const json& backends = at(metrics, "backends");
  std::set<std::string> names;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    Path item = path.at("backends").at(i);
    std::string name = text_at(backends[i], "name");
    if (names.contains(name)) out.add(item.at("name"), "\"" + name + "\" name is already used for another backend");
    if (text_at(backends[i], "type") != "prometheus") {
      out.add(item.at("type"), "unknown backend type. Available backends: \"prometheus\"");
    } else {
      validate_prometheus(at(backends[i], "conf"), item.at("conf"), out);
    }
    names.insert(name);
  }
  std::string enabled = text_at(metrics, "enabledBackend");
  if (!enabled.empty() && !names.contains(enabled)) {
    out.add(path.at("enabledBackend"), "has to be set to one of the backends in the mesh");
  }
}

void validate(const Resource& resource, Violations& out) {
  const json& spec = resource.spec;
  validate_mtls(at(spec, "mtls"), out);
  validate_backends(at(spec, "logging"), {"logging", "logging", {"tcp", "file"}, validate_logging_conf}, out);
  validate_backends(at(spec, "tracing"), {"tracing", "tracing", {"zipkin", "datadog"}, validate_tracing_conf}, out);
  validate_metrics(at(spec, "metrics"), out);
  const json& proxies = at(at(spec, "constraints"), "dataplaneProxy");
  for (const char* list : {"requirements", "restrictions"}) {
    const json& rules = at(proxies, list);
    for (std::size_t i = 0; i < rules.size(); ++i) {
      validate_selector(at(rules[i], "tags"), {.tag_needed = true},
                        Path("constraints").at("dataplaneProxy").at(list).at(i).at("tags"), out);
    }
  }
  if (at(at(spec, "routing"), "zoneEgress") == true && text_at(at(spec, "mtls"), "enabledBackend").empty()) {
    out.add(Path("mtls"), "has to be set when zoneEgress enabled");
  }
}

/// Defaults that Kuma fills in on every write.
void fill(Resource& resource) {
  if (!has(at(resource.spec, "metrics"), "backends")) return;
  for (auto& backend : resource.spec["metrics"]["backends"]) {
    if (text_at(backend, "type") != "prometheus") continue;
    BackendConf given = read_backend_conf("prometheus", at(backend, "conf"));
    if (!given.error.empty()) continue;  // a violation
    json conf = std::move(given.value);
    if (!has(conf, "tls")) conf["tls"] = at(conf, "skipMTLS") == true ? json{{"mode", "disabled"}} : json::object();
    if (text_at(conf["tls"], "mode") == "activeMTLSBackend") conf["tls"].erase("mode");
    if (text_at(conf["tls"], "mode") == "providedTLS") conf.erase("skipMTLS");
    if (!has(conf, "port") || conf["port"] == 0) conf["port"] = 5670;
    if (text_at(conf, "path").empty()) conf["path"] = "/metrics";
    if (at(conf, "tags").empty()) conf["tags"] = {{"kuma.io/service", "dataplane-metrics"}};
    backend["conf"] = std::move(conf);
  }
}

void warn(const Resource& resource, std::vector<std::string>& out) { warn_name("Mesh", resource.meta.name, out); }

}  // namespace

const Kind& kind::mesh() {
  static const Kind out = [] {
    KindTable table = flat_table("Mesh", "mesh", "meshes", "m");
    table.text = "The isolation unit that the other resources of a mesh belong to.";
    table.scope = Scope::global;
    table.kds = {.global_to_zones = true};
    table.schema = spec();
    table.columns = {
        {"mTLS", ""}, {"LOCALITY", "/routing/localityAwareLoadBalancing"}, {"ZONEEGRESS", "/routing/zoneEgress"}};
    table.validate = validate;
    table.fill = fill;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
