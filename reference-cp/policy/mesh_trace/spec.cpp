/// MeshTrace's conf from JSON.
#include "reference-cp/policy/mesh_trace/spec.hpp"

#include "reference-cp/policy/conf_read.hpp"

namespace kumasim::cp::policy::mesh_trace {

Conf Conf::from_json(const nlohmann::json& json) {
  Conf conf;
  const nlohmann::json& backends = list_at(json, "backends");
  if (backends.empty()) return conf;
  const nlohmann::json& backend = backends.front();
  if (const auto& zipkin = at(backend, "zipkin"); zipkin.is_object()) {
    conf.backend = Zipkin{.url = text_at(zipkin, "url"),
                          .trace_id_128bit = flag_at(zipkin, "traceId128bit"),
                          .shared_span_context = at(zipkin, "sharedSpanContext") != false,
                          .protobuf = text_at(zipkin, "apiVersion") == "httpProto"};
  } else if (const auto& datadog = at(backend, "datadog"); datadog.is_object()) {
    conf.backend = Datadog{text_at(datadog, "url"), flag_at(datadog, "splitService")};
  } else if (const auto& collector = at(backend, "openTelemetry"); collector.is_object()) {
    conf.backend = OpenTelemetry{text_at(collector, "endpoint")};
  }
  const nlohmann::json& sampling = at(json, "sampling");
  conf.overall = decimal_at(sampling, "overall");
  conf.client = decimal_at(sampling, "client");
  conf.random = decimal_at(sampling, "random");
  for (const auto& tag : list_at(json, "tags")) {
    const nlohmann::json& header = at(tag, "header");
    if (header.is_object()) {
      conf.tags.push_back({text_at(tag, "name"), text_at(header, "name"), text_at(header, "default")});
    } else {
      conf.tags.push_back({text_at(tag, "name"), std::nullopt, text_at(tag, "literal")});
    }
  }
  return conf;
}

}  // namespace kumasim::cp::policy::mesh_trace
