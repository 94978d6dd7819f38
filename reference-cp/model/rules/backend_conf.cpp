/// The messages that configurations of backends are (Kuma's mesh.proto, metrics.proto, and those of its CAs).
#include "reference-cp/model/rules/backend_conf.hpp"

#include <cassert>
#include <cstdint>
#include <map>
#include <utility>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

const std::string package = "kuma.mesh.v1alpha1.";

SchemaPtr prometheus() {
  SchemaPtr aggregate = message(package + "PrometheusAggregateMetricsConfig",
                                {{"name", string(), "its name"},
                                 {"port", uint32(), "where it listens"},
                                 {"path", string(), "what is asked for"},
                                 {"enabled", wrapper(boolean()), "whether it is asked"},
                                 {"address", string(), "who is asked"}});
  SchemaPtr envoy = message(package + "PrometheusEnvoyConfig",
                            {{"filterRegex", string(), "names that are wanted"},
                             {"usedOnly", wrapper(boolean()), "only what was written"}});
  SchemaPtr tls =
      message(package + "PrometheusTlsConfig", {{"mode",
                                                 enumeration({"activeMTLSBackend", "providedTLS", "disabled"},
                                                             package + "PrometheusTlsConfig.Mode"),
                                                 "who may ask"}});
  return message(package + "PrometheusMetricsBackendConfig",
                 {{"port", uint32(), "where a proxy is asked"},
                  {"path", string(), "what is asked for"},
                  {"tags", map(string()), "tags of the inbound that answers"},
                  {"skipMTLS", wrapper(boolean()), "anybody may ask"},
                  {"aggregate", list(aggregate), "what applications tell"},
                  {"envoy", envoy, "what Envoy tells"},
                  {"tls", tls, "who may ask"}});
}

SchemaPtr builtin() {
  SchemaPtr certificate = message("kuma.plugins.ca.BuiltinCertificateAuthorityConfig.CaCert",
                                  {{"RSAbits", wrapper(uint32()), "the size of its key"},
                                   {"expiration", string(), "how long it lasts"}});
  return message("kuma.plugins.ca.BuiltinCertificateAuthorityConfig", {{"caCert", certificate, "the CA"}});
}

const std::map<std::string, SchemaPtr, std::less<>>& messages() {
  static const std::map<std::string, SchemaPtr, std::less<>> out = {
      {"file", message(package + "FileLoggingBackendConfig", {{"path", string(), "a file"}})},
      {"tcp", message(package + "TcpLoggingBackendConfig", {{"address", string(), "HOST:PORT"}})},
      {"datadog", message(package + "DatadogTracingBackendConfig",
                          {{"address", string(), "a host"},
                           {"port", uint32(), "its port"},
                           {"splitService", boolean(), "services by direction"}})},
      {"zipkin", message(package + "ZipkinTracingBackendConfig",
                         {{"url", string(), "the collector"},
                          {"traceId128bit", boolean(), "long ids"},
                          {"apiVersion", string(), "form of spans"},
                          {"sharedSpanContext", wrapper(boolean()), "client and server share a span"}})},
      {"prometheus", prometheus()},
      {"builtin", builtin()},
      {"provided", message("kuma.plugins.ca.ProvidedCertificateAuthorityConfig",
                           {{"cert", data_source_schema(), "certificates"}, {"key", data_source_schema(), "the key"}})},
  };
  return out;
}

/// A Struct holds every number as a double, and prints one without a fraction as an integer.
nlohmann::json as_struct_prints(nlohmann::json value) {
  constexpr double whole_max = 9007199254740992.0;  // 2^53
  if (value.is_structured())
    for (nlohmann::json& inner : value) inner = as_struct_prints(std::move(inner));
  if (!value.is_number_float()) return value;
  const auto number = value.get<double>();
  if (!(number >= -whole_max && number <= whole_max)) return value;
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) == number ? nlohmann::json(whole) : value;
}

/// jsonpb takes a field by its name in the .proto file too; in these messages that is the same one.
void drop_other_names(const Schema& schema, nlohmann::json& value) {
  if (schema.type == Type::list && value.is_array())
    for (nlohmann::json& entry : value) drop_other_names(*schema.element, entry);
  if (schema.type != Type::object || !value.is_object()) return;
  for (auto it = value.begin(); it != value.end();) {
    if (const Field* field = schema.field(it.key())) {
      drop_other_names(*field->schema, *it++);
    } else {
      it = value.erase(it);
    }
  }
}

BackendConf read_prometheus(const nlohmann::json& conf) {
  BackendConf out = read_backend_conf("prometheus", conf);
  if (!out.error.empty()) out.value = nullptr;
  return out;
}

/// A Dataplane's aggregates go before those of the mesh of the same name. Kuma's order is that of a map, so any.
nlohmann::json joined_aggregates(const nlohmann::json& of_mesh, const nlohmann::json& own) {
  std::map<std::string, const nlohmann::json*> by_name;
  for (const nlohmann::json* list : {&of_mesh, &own})
    for (const nlohmann::json& entry : *list) by_name[text_at(entry, "name")] = &entry;
  nlohmann::json out = nlohmann::json::array();
  for (const auto& [name, entry] : by_name) out.push_back(*entry);
  return out;
}

}  // namespace

BackendConf read_backend_conf(std::string_view type, const nlohmann::json& conf) {
  auto found = messages().find(type);
  assert(found != messages().end());
  nlohmann::json given = conf.is_object() ? as_struct_prints(conf) : nlohmann::json::object();
  drop_other_names(*found->second, given);
  Canonical read = canonicalise(*found->second, given, {}, UnknownFields::drop);
  BackendConf out{std::move(read.value), {}};
  out.error = std::move(read.reason);
  return out;
}

BackendConf mesh_prometheus_conf(const nlohmann::json& mesh) {
  const nlohmann::json& metrics = at(mesh, "metrics");
  const std::string enabled = text_at(metrics, "enabledBackend");
  for (const nlohmann::json& backend : at(metrics, "backends"))
    if (text_at(backend, "name") == enabled && text_at(backend, "type") == "prometheus")
      return read_prometheus(at(backend, "conf"));
  return {};
}

BackendConf own_prometheus_conf(BackendConf of_mesh, const nlohmann::json& dataplane) {
  const nlohmann::json& metrics = at(dataplane, "metrics");
  if (of_mesh.value.is_null() || text_at(metrics, "type") != "prometheus") return of_mesh;
  BackendConf own = read_prometheus(at(metrics, "conf"));
  if (!own.error.empty()) return own;
  nlohmann::json aggregates = joined_aggregates(at(of_mesh.value, "aggregate"), at(own.value, "aggregate"));
  // protobuf merges wrappers as the messages that they are: a false one leaves what is there.
  if (at(own.value, "skipMTLS") == false) own.value.erase("skipMTLS");
  if (at(at(own.value, "envoy"), "usedOnly") == false) own.value["envoy"].erase("usedOnly");
  of_mesh.value.merge_patch(own.value);
  of_mesh.value["aggregate"] = std::move(aggregates);
  return of_mesh;
}

}  // namespace kumasim::cp
