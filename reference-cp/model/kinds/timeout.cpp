/// Timeout (old policy): how long proxies wait for a destination.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.Timeout.Conf";

SchemaPtr conf() {
  SchemaPtr tcp = message(package + ".Tcp", {{"idleTimeout", proto_duration(), "longest silence of a connection"}});
  SchemaPtr http = message(package + ".Http", {{"requestTimeout", proto_duration(), "time for a whole request"},
                                               {"idleTimeout", proto_duration(), "longest silence of a connection"},
                                               {"streamIdleTimeout", proto_duration(), "longest silence of a stream"},
                                               {"maxStreamDuration", proto_duration(), "longest life of a stream"}});
  SchemaPtr grpc = message(package + ".Grpc", {{"streamIdleTimeout", proto_duration(), "longest silence of a stream"},
                                               {"maxStreamDuration", proto_duration(), "longest life of a stream"}});
  return message(package, {{"connectTimeout", proto_duration(), "time to connect"},
                           {"tcp", tcp, "TCP"},
                           {"http", http, "HTTP"},
                           {"grpc", grpc, "gRPC (old: use http)"}});
}

/// One of the two timeouts has to be there, and neither may be zero.
void validate_pair(const json& section, const char* first, const char* second, const Path& path, Violations& out) {
  if (section.is_null()) return;
  if (!has(section, first) && !has(section, second)) {
    return out.add(path, "at least one timeout in section has to be defined");
  }
  positive_when_defined(section, first, path, out);
  positive_when_defined(section, second, path, out);
}

void validate(const Resource& resource, Violations& out) {
  validate_sides(resource.spec, service_tags, only_service_tag, out);
  const Path path("conf");
  const json& conf = at(resource.spec, "conf");
  if (conf.is_null()) return out.add(path, "has to be defined");
  const json& tcp = at(conf, "tcp");
  if (has(tcp, "idleTimeout")) {
    if (is_zero_duration(tcp, "idleTimeout")) out.add(path.at("tcp.idleTimeout"), "has to be greater than 0");
  } else if (!tcp.is_null()) {
    out.add(path.at("tcp"), "at least one timeout in section has to be defined");
  }
  validate_pair(at(conf, "http"), "requestTimeout", "idleTimeout", path.at("http"), out);
  validate_pair(at(conf, "grpc"), "streamIdleTimeout", "maxStreamDuration", path.at("grpc"), out);
}

}  // namespace

const Kind& kind::timeout() {
  static const Kind out = [] {
    KindTable table = old_policy_table("Timeout", "timeout", "timeouts", conf());
    table.text = "How long proxies wait for a destination (old: use MeshTimeout).";
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
