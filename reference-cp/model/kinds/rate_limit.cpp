/// RateLimit (old policy): how many requests of some sources a destination takes.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.RateLimit.Conf";

SchemaPtr conf() {
  SchemaPtr header =
      message(package + ".Http.OnRateLimit.HeaderValue", {{"key", string(), "its name"},
                                                          {"value", string(), "its value"},
                                                          {"append", wrapper(boolean()), "keeps what is there"}});
  SchemaPtr limited = message(package + ".Http.OnRateLimit", {{"status", wrapper(uint32()), "status of the refusal"},
                                                              {"headers", list(header), "headers of the refusal"}});
  return message(package, {{"http",
                            message(package + ".Http", {{"requests", uint32(), "requests in an interval"},
                                                        {"interval", proto_duration(), "the interval"},
                                                        {"onRateLimit", limited, "the refusal"}}),
                            "HTTP requests"}});
}

void validate(const Resource& resource, Violations& out) {
  validate_sides(resource.spec, any_tags, any_tags, out);
  const json& conf = at(resource.spec, "conf");
  if (conf.is_null()) return out.add(Path("conf"), "must have conf");
  const json& http = at(conf, "http");
  if (http.is_null()) return;
  const Path path("conf.http");
  if (!has(http, "requests")) out.add(path.at("requests"), "requests must be set");
  if (!has(http, "interval")) out.add(path.at("interval"), "interval must be set");
  const json& headers = at(at(http, "onRateLimit"), "headers");
  for (std::size_t i = 0; i < headers.size(); ++i) {
    // Kuma's own spelling of the path.
    Path here = path.at("onRateLimit.header").key(std::to_string(i));
    if (text_at(headers[i], "key").empty()) out.add(here, "key must be set");
    if (text_at(headers[i], "value").empty()) out.add(here, "value must be set");
  }
}

}  // namespace

const Kind& kind::rate_limit() {
  static const Kind out = [] {
    KindTable table = old_policy_table("RateLimit", "rate-limit", "rate-limits", conf());
    table.text = "How many requests a destination takes (old: use MeshRateLimit).";
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
