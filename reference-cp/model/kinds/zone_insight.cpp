/// ZoneInsight: what the global control plane knows of a zone: its streams and its control plane's version.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

const std::string package = "kuma.system.v1alpha1.";

SchemaPtr kds_subscription() {
  SchemaPtr stats = message(package + "KDSServiceStats", {{"responsesSent", uint64(), "responses sent"},
                                                          {"responsesAcknowledged", uint64(), "responses accepted"},
                                                          {"responsesRejected", uint64(), "responses refused"}});
  SchemaPtr status = message(
      package + "KDSSubscriptionStatus",
      {{"lastUpdateTime", timestamp(), "last change"}, {"total", stats, "all types"}, {"stat", map(stats), "by type"}});
  SchemaPtr version =
      message(package + "KumaCpVersion", {{"version", string(), "version of kuma-cp"},
                                          {"gitTag", string(), "its tag"},
                                          {"gitCommit", string(), "its commit"},
                                          {"buildDate", string(), "when it was built"},
                                          {"kumaCpGlobalCompatible", boolean(), "whether it fits the global one"}});
  return message(package + "KDSSubscription",
                 {{"id", string(), "name of the stream"},
                  {"globalInstanceId", string(), "the global control plane's instance"},
                  {"connectTime", timestamp(), "when it connected"},
                  {"disconnectTime", timestamp(), "when it went"},
                  {"status", status, "what was sent"},
                  {"version", message(package + "Version", {{"kumaCp", version, "kuma-cp"}}), "versions of the zone"},
                  {"generation", uint32(), "counts writes of the insight"},
                  {"config", string(), "the zone's configuration"},
                  {"authTokenProvided", boolean(), "whether the zone came with a token"},
                  {"zoneInstanceId", string(), "the zone's instance"}});
}

SchemaPtr spec() {
  SchemaPtr stream = message(package + "KDSStream", {{"globalInstanceId", string(), "who serves the stream"},
                                                     {"connectTime", timestamp(), "when it connected"}});
  SchemaPtr admin =
      message(package + "EnvoyAdminStreams", {{"configDumpGlobalInstanceId", string(), "who serves config_dump"},
                                              {"statsGlobalInstanceId", string(), "who serves stats"},
                                              {"clustersGlobalInstanceId", string(), "who serves clusters"}});
  SchemaPtr streams = message(package + "KDSStreams", {{"clusters", stream, "clusters of proxies"},
                                                       {"configDump", stream, "configurations of proxies"},
                                                       {"stats", stream, "statistics of proxies"},
                                                       {"globalToZone", stream, "resources to the zone"},
                                                       {"zoneToGlobal", stream, "resources of the zone"}});
  return message(
      package + "ZoneInsight",
      {{"subscriptions", list(kds_subscription()), "streams of the zone"},
       {"envoyAdminStreams", admin, "streams of Envoy's admin (old)"},
       {"healthCheck", message(package + "HealthCheck", {{"time", timestamp(), "the last one"}}), "signs of life"},
       {"kdsStreams", streams, "streams at work"}});
}

}  // namespace

const Kind& kind::zone_insight() {
  static const Kind out = [] {
    KindTable table = flat_table("ZoneInsight", "", "zone-insights", "");
    table.text = "What the global control plane knows of a zone.";
    table.scope = Scope::global;
    table.read_only = true;
    table.kds = {.provided_by_zone = true, .provided_by_global = true};
    table.schema = spec();
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
