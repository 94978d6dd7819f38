/// MeshFaultInjection: errors, delays and a narrow bandwidth, put into a share of the requests.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

SchemaPtr conf() {
  Field share = required({"percentage", int_or_string(), "share of the requests"});
  SchemaPtr fault = object({
      {"abort", object({required({"httpStatus", int32(), "status of the answer"}), share}),
       "answers without asking the service"},
      {"delay", object({required({"value", duration(), "how long"}), share}), "lets requests wait"},
      {"responseBandwidth", object({required({"limit", string(), "number and kbps, Mbps or Gbps"}), share}),
       "slows answers down"},
  });
  return object({{"http", list(fault), "faults of HTTP traffic"}});
}

void validate_default(const json& conf, const Path& path, Violations& out) {
  const json& faults = at(conf, "http");
  for (std::size_t i = 0; i < faults.size(); ++i) {
    // Kuma puts the index behind the fault's name.
    Path http = path.at("http");
    if (has(faults[i], "abort")) {
      const json& abort = at(faults[i], "abort");
      Path place = http.at("abort").at(i);
      status_code(at(abort, "httpStatus"), place.at("httpStatus"), out);
      decimal_percentage(abort, "percentage", place, out);
    }
    if (has(faults[i], "delay")) {
      const json& delay = at(faults[i], "delay");
      Path place = http.at("delay").at(i);
      duration_not_negative(delay, "value", place, out);
      decimal_percentage(delay, "percentage", place, out);
    }
    if (has(faults[i], "responseBandwidth")) {
      const json& bandwidth = at(faults[i], "responseBandwidth");
      Path place = http.at("responseBandwidth").at(i);
      validate_bandwidth(text_at(bandwidth, "limit"), place.at("responseBandwidth"), out);
      decimal_percentage(bandwidth, "percentage", place, out);
    }
  }
}

void validate(const Resource& resource, Violations& out) {
  const Path path("spec");
  const json& from = at(resource.spec, "from");
  const json& to = at(resource.spec, "to");
  TargetRefRules rules{.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset", "Dataplane"},
                       .inbound = affects_inbounds(resource)};
  if (is_system_policy(resource)) {
    rules.kinds.push_back("MeshGateway");
    rules.gateway_listener_tags = true;
  }
  validate_top_level(resource, rules, out);
  bool gateways = includes_gateways(resource.spec);
  if (gateways && !from.empty()) {
    out.add(path.at("from"),
            "must not be defined when the scope includes a Gateway, select only proxyType Sidecar or select only "
            "gateways and use spec.to");
  }
  for (std::size_t i = 0; i < from.size() && !gateways; ++i) {
    Path item = path.at("from").at(i);
    validate_target_ref(at(from[i], "targetRef"), {.kinds = {"Mesh", "MeshSubset", "MeshServiceSubset", "MeshService"}},
                        item.at("targetRef"), out);
    validate_default(at(from[i], "default"), item.at("default"), out);
  }
  if (!gateways && !to.empty()) out.add(path.at("to"), "must not be defined");
  for (std::size_t i = 0; i < to.size() && gateways; ++i) {
    Path item = path.at("to").at(i);
    validate_target_ref(at(to[i], "targetRef"), {.kinds = {"Mesh"}}, item.at("targetRef"), out);
    validate_default(at(to[i], "default"), item.at("default"), out);
  }
}

void warn(const Resource& resource, std::vector<std::string>& out) {
  warn_top_level(resource, out);
  for (const auto& item : at(resource.spec, "from")) {
    if (text_at(at(item, "targetRef"), "kind") == "MeshService") {
      out.push_back(
          "MeshService value for 'from[].targetRef.kind' is deprecated, use MeshSubset with 'kuma.io/service' instead");
    }
  }
}

}  // namespace

const Kind& kind::mesh_fault_injection() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshFaultInjection", "meshfaultinjection", "meshfaultinjections", "mfi");
    table.text = "Errors, delays and a narrow bandwidth for a share of the requests.";
    table.has_to = table.has_from = true;
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"from", target_list_schema(conf(), "the clients"), "faults of inbound traffic"},
        {"to", target_list_schema(conf(), "the destination"), "faults of a gateway's traffic"},
    });
    table.validate = validate;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
