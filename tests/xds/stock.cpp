#include "tests/xds/stock.hpp"

#include "tests/xds/wide_policies.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

// No other write has these names.
constexpr char service[] = "stock", by_name[] = "dp-7", server[] = "dp-8", in_combination[] = "dp-9";

WideWrite write(const char* kind, const char* name, json spec) {
  return {.kind = kind, .mesh = "m", .name = name, .labels = {}, .spec = std::move(spec), .status = {}};
}

json inbound(const char* of, int port) {
  return {{"port", port}, {"tags", {{"kuma.io/service", of}, {"kuma.io/protocol", "http"}}}};
}

WideWrite offered(int port) {
  WideWrite out = write(
      "MeshService", service,
      {{"selector", {{"dataplaneTags", {{"kuma.io/service", service}}}}},
       {"ports", json::array({{{"name", "main"}, {"port", 80}, {"targetPort", port}, {"appProtocol", "http"}}})}});
  out.labels["team"] = "t-0";  // by which MeshMultiZoneServices combine
  return out;
}

}  // namespace

std::vector<WideWrite> stock_writes() {
  auto outbound = [](int port, const char* kind, const char* name) -> json {
    return {{"port", port}, {"backendRef", {{"kind", kind}, {"name", name}, {"port", 80}}}};
  };
  auto proxy = [](const char* name, const char* address, json inbounds, json outbounds) {
    json networking = {{"address", address}, {"inbound", std::move(inbounds)}};
    if (!outbounds.empty()) networking["outbound"] = std::move(outbounds);
    return write("Dataplane", name, {{"networking", std::move(networking)}});
  };
  // Who uses both is reached by the one where the other is forgotten.
  json one = json::array({outbound(10000, "MeshService", service)});
  json both = json::array({outbound(10000, "MeshMultiZoneService", "mz-0"),  //
                           outbound(10001, "MeshMultiZoneService", "mz-1")});
  return {offered(8000),
          proxy(server, "10.0.2.8", json::array({inbound(service, 8000), inbound(service, 8001)}), json::array()),
          proxy(by_name, "10.0.2.7", json::array({inbound("client", 8000)}), std::move(one)),
          proxy(in_combination, "10.0.2.9", json::array({inbound("client", 8000)}), std::move(both))};
}

rc::Gen<WideWrite> stock_change() {
  return rc::gen::exec([] {
    WideWrite out =
        one_of(2) ? offered(8000 + pick(2)) : write("DataplaneInsight", server, {{"mTLS", {{"issuedBackend", "ca"}}}});
    out.ends_batch = true;
    return out;
  });
}

}  // namespace kumasim::cp
