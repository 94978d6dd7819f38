/// One form of each policy that a mesh can draw, with what varies in it.
#include <algorithm>
#include <array>
#include <cassert>
#include <string_view>

#include <fmt/format.h>
#include <rapidcheck.h>

#include "kumasim/testing/mesh.hpp"

namespace kumasim::testing {
namespace {

namespace gen = rc::gen;
using nlohmann::json;
using Names = std::vector<std::string>;

/// Called within gen::exec, as all below: what they draw shrinks.
int number(int least, int most) { return *gen::inRange(least, most + 1); }

std::string seconds(int least, int most) { return fmt::format("{}s", number(least, most)); }

json mesh_ref() { return {{"kind", "Mesh"}}; }

json service_ref(const Names& services) {
  std::string name = *gen::elementOf(services);
  return {{"kind", "MeshService"}, {"name", name}};
}

/// All proxies, or those of a service.
json proxies(const Names& services) {
  json out = {{"kind", "Mesh"}, {"proxyTypes", {"Sidecar"}}};
  bool some = *gen::arbitrary<bool>();
  std::string name = *gen::elementOf(services);
  if (some) out = {{"kind", "MeshSubset"}, {"proxyTypes", {"Sidecar"}}, {"tags", {{"kuma.io/service", name}}}};
  return out;
}

/// What clients do with calls of one service.
json outbound(const Names& services, json conf) {
  json to = {{"targetRef", service_ref(services)}, {"default", std::move(conf)}};
  return {{"targetRef", mesh_ref()}, {"to", json::array({to})}};
}

/// What servers do with calls of everyone.
json inbound(const Names& services, json conf) {
  json from = {{"targetRef", mesh_ref()}, {"default", std::move(conf)}};
  return {{"targetRef", proxies(services)}, {"from", json::array({from})}};
}

json permission(const Names& services) {
  std::string client = *gen::elementOf(services);
  std::string action = *gen::element<std::string>("Allow", "Deny", "AllowWithShadowDeny");
  json from = {{"targetRef", {{"kind", "MeshSubset"}, {"tags", {{"kuma.io/service", client}}}}},
               {"default", {{"action", action}}}};
  return {{"targetRef", proxies(services)}, {"from", json::array({from})}};
}

json timeout(const Names& services) {
  std::string connection = seconds(1, 10), request = seconds(1, 30);
  return outbound(services, {{"connectionTimeout", connection}, {"http", {{"requestTimeout", request}}}});
}

json retry(const Names& services) {
  int times = number(1, 5);
  std::string try_timeout = seconds(1, 5);
  return outbound(services, {{"http", {{"numRetries", times}, {"perTryTimeout", try_timeout}, {"retryOn", {"5xx"}}}}});
}

json circuit_breaker(const Names& services) {
  int connections = number(1, 1000), pending = number(1, 1000), requests = number(1, 1000);
  return outbound(services,
                  {{"connectionLimits",
                    {{"maxConnections", connections}, {"maxPendingRequests", pending}, {"maxRequests", requests}}}});
}

json health_check(const Names& services) {
  std::string interval = seconds(1, 30);
  return outbound(services, {{"interval", interval},
                             {"timeout", "1s"},
                             {"unhealthyThreshold", 3},
                             {"healthyThreshold", 1},
                             {"tcp", json::object()}});
}

json load_balancing(const Names& services) {
  std::string type = *gen::element<std::string>("RoundRobin", "LeastRequest", "Random", "RingHash", "Maglev");
  return outbound(services, {{"loadBalancer", {{"type", type}}}});
}

json route(const Names& services) {
  json first = service_ref(services), second = service_ref(services);
  first["weight"] = number(1, 100);
  second["weight"] = number(1, 100);
  json path = {{"type", "PathPrefix"}, {"value", "/"}};
  json rule = {{"matches", json::array({{{"path", path}}})},
               {"default", {{"backendRefs", json::array({first, second})}}}};
  json to = {{"targetRef", service_ref(services)}, {"rules", json::array({rule})}};
  return {{"targetRef", mesh_ref()}, {"to", json::array({to})}};
}

json fault_injection(const Names& services) {
  json abort = {{"httpStatus", 503}, {"percentage", number(1, 100)}};
  return inbound(services, {{"http", json::array({{{"abort", abort}}})}});
}

json rate_limit(const Names& services) {
  int times = number(1, 100);
  return inbound(services, {{"local", {{"http", {{"requestRate", {{"num", times}, {"interval", "1s"}}}}}}}});
}

struct Form {
  std::string_view kind;
  json (*spec)(const Names& services);
};

constexpr std::array forms = {
    Form{"MeshTrafficPermission", permission},
    Form{"MeshTimeout", timeout},
    Form{"MeshRetry", retry},
    Form{"MeshCircuitBreaker", circuit_breaker},
    Form{"MeshHealthCheck", health_check},
    Form{"MeshLoadBalancingStrategy", load_balancing},
    Form{"MeshHTTPRoute", route},
    Form{"MeshFaultInjection", fault_injection},
    Form{"MeshRateLimit", rate_limit},
};

}  // namespace

const std::vector<std::string>& policy_kinds() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out;
    for (const Form& form : forms) out.emplace_back(form.kind);
    return out;
  }();
  return all;
}

rc::Gen<json> policies(const std::string& kind, const std::vector<std::string>& services) {
  auto form = std::ranges::find(forms, kind, &Form::kind);
  assert(form != forms.end() && !services.empty());
  return gen::exec([form, services] {
    return json{{"type", std::string(form->kind)}, {"mesh", "default"}, {"spec", form->spec(services)}};
  });
}

}  // namespace kumasim::testing
