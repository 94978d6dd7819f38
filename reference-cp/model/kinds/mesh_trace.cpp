/// MeshTrace: who collects the spans of a proxy, how many, and with which tags.
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

SchemaPtr conf() {
  SchemaPtr zipkin = object({
      required({"url", string(), "URL of the collector"}),
      fallback({"traceId128bit", boolean(), "makes trace ids of 128 bits"}, false),
      fallback({"apiVersion", enumeration({"httpJson", "httpProto"}), "form of the spans"}, "httpJson"),
      fallback({"sharedSpanContext", boolean(), "client and server share a span"}, true),
  });
  SchemaPtr datadog = object({
      required({"url", string(), "scheme http, host and port of the agent"}),
      fallback({"splitService", boolean(), "tells traffic by direction and peer"}, false),
  });
  SchemaPtr backend = object({
      required({"type", enumeration({"Zipkin", "Datadog", "OpenTelemetry"}), "which of the fields below is meant"}),
      {"zipkin", zipkin, "a Zipkin collector"},
      {"datadog", datadog, "a Datadog agent"},
      {"openTelemetry", object({required({"endpoint", text(1, INT32_MAX), "host and port of the collector"})}),
       "an OpenTelemetry collector"},
  });
  SchemaPtr tag = object({
      required({"name", string(), "its name"}),
      {"literal", string(), "its value"},
      {"header",
       object({
           required({"name", string(), "the header"}),
           {"default", string(), "the value when there is none"},
       }),
       "takes the value of a header"},
  });
  return object({
      {"backends", list(backend, 0, 1), "who collects the spans"},
      {"sampling",
       object({
           {"overall", int_or_string(), "percentage of all that may be sampled; 100 by default"},
           {"client", int_or_string(), "percentage of what clients ask for; 100 by default"},
           {"random", int_or_string(), "percentage of the rest; 100 by default"},
       }),
       "how many spans"},
      {"tags", list(tag), "tags of each span"},
  });
}

void validate_backend(const json& backend, const Path& path, Violations& out) {
  std::string type = text_at(backend, "type");
  const char* field = type == "Datadog" ? "datadog" : (type == "Zipkin" ? "zipkin" : "openTelemetry");
  if (!has(backend, field)) return out.add(path.at(field), "must be defined");
  std::string url = text_at(at(backend, field), "url");
  Path place = path.at(field).at("url");
  if (type == "Zipkin" && url.empty()) return out.add(place, "must not be empty");
  if (type == "Zipkin" && !is_url(url)) out.add(place, "must be a valid url");
  if (type != "Datadog") return;
  auto parts = split_url(url);
  if (!parts) return out.add(place, "must be a valid url");
  if (parts->scheme != "http") out.add(place, "scheme must be http");
  if (parts->port.empty()) {
    out.add(place, "port must be defined");
  } else if (parts->port.size() > 5 || std::stoi(parts->port) == 0 || std::stoi(parts->port) > 65535) {
    out.add(place, "port must be a valid (1-65535)");
  }
  if (!parts->opaque.empty()) out.add(place, "opaque must not be defined");
  if (parts->has_user) out.add(place, "user must not be defined");
  if (!parts->path.empty()) out.add(place, "path must not be defined");
  if (!parts->query.empty()) out.add(place, "query must not be defined");
}

void validate_sampling(const json& sampling, const char* name, const Path& path, Violations& out) {
  if (!has(sampling, name)) return;
  Decimal value = decimal(at(sampling, name));
  if (!value.valid) return out.add(path.at(name), "string is not a number");
  if (value.sign < 0 || value.over_hundred) out.add(path.at(name), "must be between 0 and 100");
}

void validate(const Resource& resource, Violations& out) {
  TargetRefRules rules{.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset", "Dataplane"}};
  if (is_system_policy(resource)) rules.kinds.push_back("MeshGateway");
  validate_top_level(resource, rules, out);
  const json& conf = at(resource.spec, "default");
  const Path path = Path("spec").at("default");
  if (!has(conf, "backends")) out.add(path.at("backends"), "must be defined");
  const json& backends = at(conf, "backends");
  if (!backends.empty()) validate_backend(backends[0], path.at("backends").at(0), out);
  const json& tags = at(conf, "tags");
  for (std::size_t i = 0; i < tags.size(); ++i) {
    Path item = path.at("tags").at(i);
    if (text_at(tags[i], "name").empty()) out.add(item.at("name"), "must not be empty");
    if (has(tags[i], "header") == has(tags[i], "literal"))
      out.add(item, "tag must have only one type defined: header, literal");
  }
  for (const char* name : {"client", "random", "overall"}) {
    validate_sampling(at(conf, "sampling"), name, path.at("sampling"), out);
  }
}

}  // namespace

const Kind& kind::mesh_trace() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshTrace", "meshtrace", "meshtraces", "mtr");
    table.text = "Who collects the spans of proxies.";
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
