/// DataplaneInsight: what the control plane knows of a proxy: its streams, its acknowledgements, its certificate.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

const std::string package = "kuma.mesh.v1alpha1.";

}  // namespace

SchemaPtr subscription_schema() {
  SchemaPtr stats =
      message(package + "DiscoveryServiceStats", {{"responsesSent", uint64(), "responses sent"},
                                                  {"responsesAcknowledged", uint64(), "responses accepted"},
                                                  {"responsesRejected", uint64(), "responses refused"}});
  SchemaPtr status = message(package + "DiscoverySubscriptionStatus", {{"lastUpdateTime", timestamp(), "last change"},
                                                                       {"total", stats, "all types"},
                                                                       {"cds", stats, "clusters"},
                                                                       {"eds", stats, "endpoints"},
                                                                       {"lds", stats, "listeners"},
                                                                       {"rds", stats, "routes"}});
  SchemaPtr dp =
      message(package + "KumaDpVersion", {{"version", string(), "version of kuma-dp"},
                                          {"gitTag", string(), "its tag"},
                                          {"gitCommit", string(), "its commit"},
                                          {"buildDate", string(), "when it was built"},
                                          {"kumaCpCompatible", boolean(), "whether it fits this control plane"}});
  SchemaPtr envoy = message(package + "EnvoyVersion", {{"version", string(), "version of Envoy"},
                                                       {"build", string(), "its build"},
                                                       {"kumaDpCompatible", boolean(), "whether it fits kuma-dp"}});
  SchemaPtr version = message(package + "Version", {{"kumaDp", dp, "kuma-dp"},
                                                    {"envoy", envoy, "Envoy"},
                                                    {"dependencies", map(string()), "versions of other parts"}});
  return message(package + "DiscoverySubscription",
                 {{"id", string(), "name of the stream"},
                  {"controlPlaneInstanceId", string(), "the control plane's instance"},
                  {"connectTime", timestamp(), "when it connected"},
                  {"disconnectTime", timestamp(), "when it went"},
                  {"status", status, "what was sent"},
                  {"version", version, "versions of the proxy's parts"},
                  {"generation", uint32(), "counts writes of the insight"}});
}

const Kind& kind::dataplane_insight() {
  static const Kind out = [] {
    KindTable table = flat_table("DataplaneInsight", "", "dataplane-insights", "");
    table.text = "What the control plane knows of a proxy.";
    table.read_only = true;
    table.namespaced = true;
    table.kds = {.zone_to_global = true};
    SchemaPtr mtls = message(package + "DataplaneInsight.MTLS",
                             {{"certificateExpirationTime", timestamp(), "end of the certificate"},
                              {"lastCertificateRegeneration", timestamp(), "when it was made"},
                              {"certificateRegenerations", uint32(), "how many were made"},
                              {"issuedBackend", string(), "who made it"},
                              {"supportedBackends", list(string()), "whom the proxy trusts"}});
    table.schema =
        message(package + "DataplaneInsight", {{"subscriptions", list(subscription_schema()), "streams of the proxy"},
                                               {"mTLS", mtls, "the certificate"},
                                               {"metadata", struct_schema(), "the proxy's Envoy node metadata"}});
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
