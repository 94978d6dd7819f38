#include "reference-cp/insights/proxy_status.hpp"

#include <nlohmann/json.hpp>

#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {

using nlohmann::json;

ProxyStatus proxy_status(const Resource& dataplane, const Resource* insight) {
  std::size_t all = 0, down = 0;
  for (const auto& inbound : at(at(dataplane.spec, "networking"), "inbound")) {
    const json& health = at(inbound, "health");
    bool ready = text_at(inbound, "state") != "NotReady" && (health.is_null() || at(health, "ready") == json(true));
    ++all;
    if (!ready) ++down;
  }
  if (!is_connected(insight)) return ProxyStatus::offline;
  bool gateway = has(at(dataplane.spec, "networking"), "gateway");
  if (gateway || (down == 0 && all != 0)) return ProxyStatus::online;
  return down == all ? ProxyStatus::offline : ProxyStatus::partially_degraded;
}

void ProxyCounts::add(ProxyStatus status, int times) {
  total += times;
  (status == ProxyStatus::online ? online : status == ProxyStatus::offline ? offline : partially_degraded) += times;
}

void ProxyCounts::add(const ProxyCounts& other) {
  total += other.total;
  online += other.online;
  offline += other.offline;
  partially_degraded += other.partially_degraded;
}

json ProxyCounts::sparse() const {
  json out = json::object();
  if (total != 0) out["total"] = total;
  if (online != 0) out["online"] = online;
  if (offline != 0) out["offline"] = offline;
  if (partially_degraded != 0) out["partiallyDegraded"] = partially_degraded;
  return out;
}

}  // namespace kumasim::cp
