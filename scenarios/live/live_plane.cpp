#include "scenarios/live/live_plane.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reference-cp/live/system.hpp"
#include "scenarios/engine/rollout.hpp"
#include "scenarios/live/live_store.hpp"

namespace kumasim::scenario {
namespace {

constexpr const char* global_address = "KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS";
constexpr Duration answer_age_max = std::chrono::seconds(5);

/// grpcs://global:5685 as grpcs://10.107.0.2:5685.
std::string with_address(std::string url, const std::map<std::string, std::string>& addresses) {
  std::size_t scheme = url.find("://");
  std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  std::size_t end = std::min(url.find_first_of(":/", host), url.size());
  auto known = addresses.find(url.substr(host, end - host));
  return known == addresses.end() ? url : url.replace(host, end - host, known->second);
}

/// "" of what it does not say.
std::string said_of(const std::string& answer, const char* field) {
  nlohmann::json json = nlohmann::json::parse(answer, nullptr, false);
  return json.is_object() && json.contains(field) ? json[field].dump() : "";
}

}  // namespace

bool LivePlane::under_global() const {
  auto address = spec->settings.find(global_address);
  return !zone.empty() && address != spec->settings.end() && !address->second.empty();
}

void LivePlane::hear(const std::string& answer, const Scenario& scenario, MonotonicTime when) {
  rollout = read_rollout(answer, scenario, zone);
  connected_to_global = said_of(answer, "connectedToGlobal") == "true";
  follows_store = said_of(answer, "followsStore") != "false";
  answered = answered || rollout;
  asked = when;
}

const Rollout* LivePlane::said(MonotonicTime now) const {
  return up() && rollout && now - asked < answer_age_max ? &*rollout : nullptr;
}

std::map<std::string, std::string> LivePlane::environment(const std::map<std::string, std::string>& addresses) const {
  std::map<std::string, std::string> out = live::environment();
  // Proxies of a scenario have no tokens.
  out["KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE"] = "none";
  out["KUMA_DP_SERVER_AUTHN_ZONE_PROXY_TYPE"] = "none";
  for (const auto& [name, value] : spec->settings) out[name] = value;
  if (under_global()) out[global_address] = with_address(out[global_address], addresses);
  out["KUMA_GENERAL_WORK_DIR"] = folder.string();
  out["KUMA_STORE_TYPE"] = "sqlite";
  if (store != nullptr) {
    for (auto& [name, value] : store->settings()) out[name] = value;
    out["KUMA_INTER_CP_CATALOG_INSTANCE_ADDRESS"] = address;
    out["KUMA_GENERAL_TLS_CERT_FILE"] = certificate();
    out["KUMA_GENERAL_TLS_KEY_FILE"] = key();
  }
  out["KUMA_API_SERVER_HTTP_INTERFACE"] = "127.0.0.1";
  out["KUMA_API_SERVER_HTTPS_INTERFACE"] = "127.0.0.1";
  out["KUMA_API_SERVER_HTTP_PORT"] = fmt::format("{}", ports.api);
  out["KUMA_API_SERVER_HTTPS_PORT"] = fmt::format("{}", ports.api_tls);
  out["KUMA_DP_SERVER_PORT"] = fmt::format("{}", ports.dataplane);
  out["KUMA_DIAGNOSTICS_SERVER_PORT"] = fmt::format("{}", ports.diagnostics);
  return out;
}

}  // namespace kumasim::scenario
