/// Envoy's admin interface: https://www.envoyproxy.io/docs/envoy/v1.40.0/operations/admin
#include "scenarios/live/envoy_admin.hpp"

#include <charconv>

#include <fmt/format.h>

#include "kumasim/transport/http.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration patience = std::chrono::seconds(3);

/// Kuma names the clusters of one service NAME or NAME-HASH (a part of a split).
std::string service_of(const std::string& cluster, const std::vector<std::string>& called) {
  std::string best;
  for (const std::string& service : called) {
    bool fits = cluster == service || cluster.starts_with(service + "-");
    if (fits && service.size() > best.size()) best = service;
  }
  return best;
}

std::string member(const nlohmann::json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name].is_string() ? object[name].get<std::string>()
                                                                                 : std::string();
}

}  // namespace

void read_clusters(const nlohmann::json& clusters, const std::vector<std::string>& called, ProxyState& state) {
  for (const std::string& service : called) state.endpoints[service];
  for (const auto& cluster : clusters.value("cluster_statuses", nlohmann::json::array())) {
    std::string service = service_of(member(cluster, "name"), called);
    if (service.empty()) continue;
    for (const auto& host : cluster.value("host_statuses", nlohmann::json::array())) {
      nlohmann::json address =
          host.value("address", nlohmann::json::object()).value("socket_address", nlohmann::json::object());
      state.endpoints[service].insert(fmt::format("{}:{}", member(address, "address"), address.value("port_value", 0)));
    }
  }
}

void read_certificates(const nlohmann::json& certificates, ProxyState& state) {
  for (const auto& entry : certificates.value("certificates", nlohmann::json::array())) {
    for (const auto& certificate : entry.value("cert_chain", nlohmann::json::array())) {
      for (const auto& name : certificate.value("subject_alt_names", nlohmann::json::array())) {
        if (member(name, "uri").starts_with("spiffe://")) state.certificate = member(certificate, "serial_number");
      }
    }
  }
}

void read_stats(const std::string& stats, ProxyState& state) {
  std::uint64_t warming = 0;
  std::size_t at = 0;
  while (at < stats.size()) {
    std::size_t end = std::min(stats.find('\n', at), stats.size());
    std::string_view line(stats.data() + at, end - at);
    at = end + 1;
    std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    std::string_view name = line.substr(0, colon);
    std::uint64_t value = 0;
    std::from_chars(line.data() + colon + 2, line.data() + line.size(), value);
    if (name.ends_with(".update_success"))
      state.accepted += value;
    else if (name.ends_with(".update_rejected"))
      state.refused += value;
    else if (name.ends_with("rbac.denied"))
      state.denied += value;
    else if (name == "control_plane.connected_state")
      state.connected = value == 1;
    else if (name == "cluster_manager.warming_clusters" || name == "listener_manager.total_listeners_warming")
      warming += value;
  }
  state.ready = warming == 0 && state.accepted > 0;
}

asio::awaitable<ProxyState> read_envoy(Runtime& runtime, std::uint16_t admin_port, std::vector<std::string> called) {
  ProxyState state;
  std::string base = fmt::format("http://127.0.0.1:{}", admin_port);
  auto stats =
      co_await http_call(runtime.network, runtime.timers,
                         base + "/stats?filter=update_(success|rejected)%7Cconnected_state%7Cwarming%7Crbac.denied", {},
                         nullptr, patience);
  if (!stats || stats->status != 200) co_return state;
  auto clusters =
      co_await http_call(runtime.network, runtime.timers, base + "/clusters?format=json", {}, nullptr, patience);
  if (!clusters || clusters->status != 200) co_return state;
  auto certificates = co_await http_call(runtime.network, runtime.timers, base + "/certs", {}, nullptr, patience);
  if (!certificates || certificates->status != 200) co_return state;
  state.up = true;
  read_stats(stats->body, state);
  nlohmann::json cluster_json = nlohmann::json::parse(clusters->body, nullptr, false);
  nlohmann::json certificate_json = nlohmann::json::parse(certificates->body, nullptr, false);
  if (cluster_json.is_object()) read_clusters(cluster_json, called, state);
  if (certificate_json.is_object()) read_certificates(certificate_json, state);
  co_return state;
}

}  // namespace kumasim::scenario
