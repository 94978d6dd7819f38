/// MeshLoadBalancingStrategy: which endpoint of a destination a request goes to, near ones first.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/load_balancing.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

SchemaPtr hash_policies() {
  SchemaPtr name = object({required({"name", text(1, INT32_MAX), "its name"})});
  return list(object({
      required({"type", enumeration({"Header", "Cookie", "Connection", "SourceIP", "QueryParameter", "FilterState"}),
                "which of the fields below is meant"}),
      {"terminal", boolean(), "stops at this one when it gives a hash"},
      {"header", name, "a header of the request"},
      {"cookie",
       object({
           required({"name", text(1, INT32_MAX), "its name"}),
           {"ttl", duration(), "life of a cookie that the proxy makes"},
           {"path", string(), "path of a cookie that the proxy makes"},
       }),
       "a cookie"},
      {"connection", object({{"sourceIP", boolean(), "takes the client's address"}}), "the connection"},
      {"queryParameter", name, "a parameter of the query"},
      {"filterState", object({required({"key", text(1, INT32_MAX), "its key"})}), "an object of the filter state"},
  }));
}

SchemaPtr load_balancer() {
  SchemaPtr ring_size = integer(1, 8'000'000);
  return object({
      required({"type", enumeration({"RoundRobin", "LeastRequest", "RingHash", "Random", "Maglev"}),
                "which of the fields below is meant"}),
      {"roundRobin", object({}), "one after the other"},
      {"leastRequest",
       object({
           {"choiceCount", integer(2, UINT32_MAX), "endpoints that are compared; 2 by default"},
           {"activeRequestBias", int_or_string(), "how much requests under way weigh; 1 by default"},
       }),
       "the endpoint with the fewest requests under way"},
      {"ringHash",
       object({
           {"hashFunction", enumeration({"XXHash", "MurmurHash2"}), "the hash; XXHash by default"},
           {"minRingSize", ring_size, "least size of the ring; 1024 by default"},
           {"maxRingSize", ring_size, "greatest size of the ring; 8000000 by default"},
           {"hashPolicies", hash_policies(), "what is hashed"},
       }),
       "consistent hashing on a ring"},
      {"random", object({}), "any endpoint"},
      {"maglev",
       object({
           {"tableSize", integer(1, 5'000'011), "size of the table, a prime; 65537 by default"},
           {"hashPolicies", hash_policies(), "what is hashed"},
       }),
       "consistent hashing by a table"},
  });
}

SchemaPtr locality_awareness() {
  SchemaPtr failover = object({
      {"from", object({required({"zones", list(string()), "the zones"})}),
       "zones that the rule is for; all by default"},
      required({"to",
                object({
                    required({"type", enumeration({"None", "Only", "Any", "AnyExcept"}), "which zones are meant"}),
                    {"zones", list(string()), "the zones, with Only and AnyExcept"},
                }),
                "zones that traffic goes to"}),
  });
  return object({
      {"disabled", boolean(), "treats all zones alike"},
      {"localZone",
       object({{"affinityTags",
                list(object({
                    required({"key", string(), "the tag"}),
                    {"weight", uint32(), "share of the traffic to endpoints with the client's value"},
                })),
                "tags whose equality makes an endpoint near"}}),
       "inside the proxy's zone"},
      {"crossZone",
       object({
           {"failover", list(failover), "the first rule that fits says where traffic goes next"},
           {"failoverThreshold", object({required({"percentage", int_or_string(), "share of healthy endpoints"})}),
            "when the next zones take part"},
       }),
       "between zones"},
  });
}

}  // namespace

const Kind& kind::mesh_load_balancing_strategy() {
  static const Kind out = [] {
    KindTable table =
        policy_table("MeshLoadBalancingStrategy", "meshloadbalancingstrategy", "meshloadbalancingstrategies", "mlbs");
    table.text = "Which endpoint of a destination a request goes to.";
    table.has_to = true;
    SchemaPtr conf = object({
        {"localityAwareness", locality_awareness(), "prefers near endpoints"},
        {"loadBalancer", load_balancer(), "how an endpoint is chosen"},
        {"hashPolicies", hash_policies(), "what is hashed, for RingHash and Maglev"},
    });
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"to", target_list_schema(conf, "the destination"), "strategies of outbound traffic"},
    });
    table.validate = validate_load_balancing;
    table.warn = warn_load_balancing;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
