/// FaultInjection (old policy): delays, aborts and slow responses on the inbounds of a destination.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/http.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.FaultInjection.Conf";

SchemaPtr conf() {
  Field percentage{"percentage", wrapper(number()), "part of the requests"};
  return message(
      package,
      {{"delay", message(package + ".Delay", {percentage, {"value", proto_duration(), "the delay"}}), "late requests"},
       {"abort",
        message(package + ".Abort", {percentage, {"httpStatus", wrapper(uint32()), "status that is answered"}}),
        "refused requests"},
       {"responseBandwidth",
        message(package + ".ResponseBandwidth", {percentage, {"limit", wrapper(string()), "such as 50 kbps"}}),
        "slow responses"}});
}

void validate_abort(const json& abort, const Path& path, Violations& out) {
  validate_needed_percentage(abort, path, out);
  const json& status = at(abort, "httpStatus");
  if (status.is_null()) {
    out.add(path.at("httpStatus"), "cannot be empty");
  } else if (!is_http_status(status.dump())) {
    out.add(path.at("httpStatus"), "http status code is incorrect");
  }
}

/// Kuma looks for the unit anywhere in the text, with or without a number before it.
void validate_bandwidth(const json& bandwidth, const Path& path, Violations& out) {
  validate_needed_percentage(bandwidth, path, out);
  if (!has(bandwidth, "limit")) return out.add(path.at("limit"), "cannot be empty");
  std::string limit = text_at(bandwidth, "limit");
  for (const char* unit : {"gbps", "mbps", "kbps"}) {
    if (limit.find(unit) != std::string::npos) return;
  }
  out.add(path.at("limit"), "has to be in kbps/mbps/gbps units");
}

void validate(const Resource& resource, Violations& out) {
  TagRules http_tags = any_tags;
  http_tags.extra = [](const json& tags, const Path& path, Violations& found) {
    if (!has(tags, "kuma.io/protocol")) return found.add(path, "protocol must be specified");
    std::string protocol = lower_case(text_at(tags, "kuma.io/protocol"));
    if (protocol != "http" && protocol != "http2" && protocol != "grpc") {
      found.add(path.key("kuma.io/protocol"), "must be one of the [http, http2, grpc]");
    }
  };
  validate_sides(resource.spec, any_tags, http_tags, out);
  const Path path("conf");
  const json& conf = at(resource.spec, "conf");
  const json& delay = at(conf, "delay");
  const json& abort = at(conf, "abort");
  const json& bandwidth = at(conf, "responseBandwidth");
  if (delay.empty() && abort.empty() && bandwidth.empty()) {
    out.add(path, "must have at least one of the faults configured");
  }
  if (!delay.empty()) {
    validate_needed_percentage(delay, path.at("delay"), out);
    if (!has(delay, "value")) out.add(path.at("delay.value"), "cannot be empty");
  }
  if (!abort.empty()) validate_abort(abort, path.at("abort"), out);
  if (!bandwidth.empty()) validate_bandwidth(bandwidth, path.at("responseBandwidth"), out);
}

}  // namespace

const Kind& kind::fault_injection() {
  static const Kind out = [] {
    KindTable table = old_policy_table("FaultInjection", "fault-injection", "fault-injections", conf());
    table.text = "Delays, aborts and slow responses on purpose (old: use MeshFaultInjection).";
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
