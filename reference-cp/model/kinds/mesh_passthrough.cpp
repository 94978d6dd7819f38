/// MeshPassthrough: which destinations outside the mesh a transparent proxy lets through.
#include <map>
#include <set>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

bool is_layer_7(const std::string& protocol) {
  return protocol == "grpc" || protocol == "http" || protocol == "http2";
}

void validate_value(const json& match, const Path& path, Violations& out) {
  std::string type = text_at(match, "type"), value = text_at(match, "value"), protocol = text_at(match, "protocol");
  if (type == "CIDR" && !is_cidr(value)) out.add(path.at("value"), "provided CIDR has incorrect value");
  if (type == "IP" && !is_ip(value)) out.add(path.at("value"), "provided IP has incorrect value");
  if (type != "Domain") return;
  if (protocol == "tcp" || protocol == "mysql")
    out.add(path.at("protocol"), "protocol " + protocol + " is not supported for a domain");
  if (value.size() > 1 && value[0] == '*' && value[1] != '.') {
    out.add(path.at("value"), "provided DNS has incorrect value, partial wildcard is currently not supported");
  }
  if (!has(match, "port") && value.starts_with("*") && is_layer_7(protocol))
    out.add(path.at("port"), "wildcard domains doesn't work for all ports and layer 7 protocol");
  if (!value.starts_with("*") && !is_dns_name(value)) out.add(path.at("value"), "provided DNS has incorrect value");
}

/// What was said of ports by the matches before.
struct Seen {
  std::map<std::int64_t, std::string> protocol_by_port;
  std::map<std::pair<std::int64_t, std::string>, std::set<std::string>> values;
};

void validate_port_use(const json& match, Seen& seen, const Path& path, Violations& out) {
  auto port = at(match, "port").get<std::int64_t>();
  std::string protocol = text_at(match, "protocol"), value = text_at(match, "value");
  auto found = seen.protocol_by_port.find(port);
  if (found != seen.protocol_by_port.end() && found->second != protocol && is_layer_7(protocol)) {
    out.add(path.at("port"),
            "using the same port in multiple matches requires the same protocol for the following protocols: [grpc "
            "http http2]");
  } else {
    seen.protocol_by_port[port] = protocol;
  }
  // The misspelling is Kuma's.
  if (!seen.values[{port, protocol}].insert(value).second)
    out.add(path.at("value"), "value " + value + " is already defiend for this port and protocol");
}

void validate(const Resource& resource, Violations& out) {
  validate_top_level(resource, {.kinds = {"Mesh", "MeshSubset", "Dataplane"}}, out);
  const json& matches = at(at(resource.spec, "default"), "appendMatch");
  Seen seen;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const json& match = matches[i];
    Path path = Path("spec").at("default").at("appendMatch").at(i);
    if (text_at(match, "protocol") == "mysql" && !has(match, "port"))
      out.add(path.at("port"), "port must be defined for Mysql protocol");
    if (has(match, "port")) {
      if (at(match, "port") == 0 || at(match, "port") > 65535)
        out.add(path.at("port"), "port must be a valid (1-65535)");
      validate_port_use(match, seen, path, out);
    }
    validate_value(match, path, out);
  }
}

}  // namespace

const Kind& kind::mesh_passthrough() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshPassthrough", "meshpassthrough", "meshpassthroughs", "mp");
    table.text = "Which destinations outside the mesh a transparent proxy lets through.";
    SchemaPtr match = object({
        required({"type", enumeration({"Domain", "IP", "CIDR"}), "what the value is"}),
        required({"value", string(), "the destination"}),
        {"port", uint32(), "its port; all when absent"},
        fallback({"protocol", enumeration({"tcp", "tls", "grpc", "http", "http2", "mysql"}), "protocol spoken to it"},
                 "tcp"),
    });
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        always({"default",
                object({
                    {"passthroughMode", enumeration({"All", "Matched", "None"}), "which destinations; None by default"},
                    {"appendMatch", list(match), "destinations, with Matched"},
                }),
                "the configuration"}),
    });
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
