/// MeshAccessLog: where a proxy writes a line for each request and connection.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/urls.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

SchemaPtr pairs() {
  return list(object({
      required({"key", string(), "the key"}),
      required({"value", string(), "its value; may hold placeholders"}),
  }));
}

SchemaPtr format() {
  return object({
      required({"type", enumeration({"Plain", "Json"}), "which of the fields below is meant"}),
      {"plain", string(), "the line, with placeholders"},
      {"json", pairs(), "the fields of a JSON object"},
      fallback({"omitEmptyValues", boolean(), "leaves fields without a value out"}, false),
  });
}

SchemaPtr conf() {
  SchemaPtr backend = object({
      required({"type", enumeration({"Tcp", "File", "OpenTelemetry"}), "which of the fields below is meant"}),
      {"tcp",
       object({
           {"format", format(), "what a line holds"},
           required({"address", text(1, INT32_MAX), "host and port of the receiver"}),
       }),
       "a receiver over TCP"},
      {"file",
       object({
           {"format", format(), "what a line holds"},
           required({"path", text(1, INT32_MAX), "the file"}),
       }),
       "a file beside the proxy"},
      {"openTelemetry",
       object({
           {"attributes", pairs(), "attributes of a log record"},
           {"body", any(), "body of a log record: a string or an OTLP value"},
           required({"endpoint", text(1, INT32_MAX), "the collector; port 4317 when it has none"}),
       }),
       "an OpenTelemetry collector"},
  });
  return object({{"backends", list(backend), "where the lines go"}});
}

void validate_format(const json& format, const Path& path, Violations& out) {
  if (text_at(format, "type") == "Plain") {
    if (!has(format, "plain")) return out.add(path.at("plain"), "must be defined");
    if (text_at(format, "plain").empty()) out.add(path.at("plain"), "must not be empty");
    return;
  }
  if (!has(format, "json")) return out.add(path.at("json"), "must be defined");
  const json& fields = at(format, "json");
  if (fields.empty()) out.add(path.at("json"), "must not be empty");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    Path item = path.at("json").at(i);
    std::string key = text_at(fields[i], "key"), value = text_at(fields[i], "value");
    if (key.empty()) out.add(item.at("key"), "key cannot be empty");
    if (value.empty()) out.add(item.at("value"), "value cannot be empty");
    if (!json::accept(R"({")" + key + R"(": ")" + value + R"("})")) out.add(item, "is not a valid JSON object");
  }
}

void validate_backend(const json& backend, const Path& path, Violations& out) {
  std::string type = text_at(backend, "type");
  const char* field = type == "File" ? "file" : (type == "Tcp" ? "tcp" : "openTelemetry");
  if (!has(backend, field)) return out.add(path.at(field), "must be defined");
  const json& conf = at(backend, field);
  Path place = path.at(field);
  if (has(conf, "format")) validate_format(at(conf, "format"), place.at("format"), out);
  if (type == "File" && !is_file_path(text_at(conf, "path")))
    out.add(place.at("path"), "file backend requires a valid path");
  if (type == "Tcp" && !is_url(text_at(conf, "address")))
    out.add(place.at("address"), "tcp backend requires valid address");
}

void validate_default(const json& conf, const Path& path, Violations& out) {
  if (!has(conf, "backends")) return out.add(path.at("backends"), "must be defined");
  const json& backends = at(conf, "backends");
  for (std::size_t i = 0; i < backends.size(); ++i) validate_backend(backends[i], path.at("backends").at(i), out);
}

void validate(const Resource& resource, Violations& out) {
  const Path path("spec");
  const json& to = at(resource.spec, "to");
  const json& from = at(resource.spec, "from");
  const json& rules = at(resource.spec, "rules");
  validate_top_level(resource,
                     {.kinds = {"Mesh", "MeshSubset", "MeshGateway", "MeshService", "MeshServiceSubset", "Dataplane"},
                      .gateway_listener_tags = true,
                      .inbound = affects_inbounds(resource)},
                     out);
  if (!rules.empty() && (!to.empty() || !from.empty()))
    out.add(path, "fields 'to' and 'from' must be empty when 'rules' is defined");
  if (rules.empty() && to.empty() && from.empty())
    out.add(path, "at least one of 'from', 'to' or 'rules' has to be defined");
  TargetRefRules kinds{
      .kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService", "MeshHTTPRoute"}};
  if (top_level_kind(resource.spec) == "MeshGateway") kinds.kinds = {"Mesh"};
  for (std::size_t i = 0; i < to.size(); ++i) {
    Path item = path.at("to").at(i);
    validate_target_ref(at(to[i], "targetRef"), kinds, item.at("targetRef"), out);
    validate_default(at(to[i], "default"), item.at("default"), out);
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    Path item = path.at("from").at(i);
    validate_target_ref(at(from[i], "targetRef"), {.kinds = {"Mesh"}}, item.at("targetRef"), out);
    validate_default(at(from[i], "default"), item.at("default"), out);
  }
  // Kuma looks into `rules` only where there is a `from`, be it an empty one.
  for (std::size_t i = 0; i < rules.size() && has(resource.spec, "from"); ++i) {
    validate_default(at(rules[i], "default"), path.at("rules").at(i).at("default"), out);
  }
}

void warn(const Resource& resource, std::vector<std::string>& out) {
  warn_from(resource, out);
  warn_top_level(resource, out);
}

/// `default` must be written here, unlike in most policies.
SchemaPtr target_list(std::string text) {
  return list(object({
      required({"targetRef", target_ref_schema(), std::move(text)}),
      required({"default", conf(), "the configuration for it"}),
  }));
}

}  // namespace

const Kind& kind::mesh_access_log() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshAccessLog", "meshaccesslog", "meshaccesslogs", "mal");
    table.text = "Where proxies log requests and connections.";
    table.has_to = table.has_from = table.has_rules = table.from_as_rules = true;
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"to", target_list("the destination"), "logs of outbound traffic"},
        {"from", target_list("the clients"), "logs of inbound traffic (deprecated: use rules)"},
        {"rules", list(object({required({"default", conf(), "the configuration of inbound traffic"})})),
         "logs of inbound traffic"},
    });
    table.validate = validate;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
