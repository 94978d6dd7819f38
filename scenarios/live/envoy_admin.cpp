/// Envoy's admin interface: https://www.envoyproxy.io/docs/envoy/v1.40.0/operations/admin
#include "scenarios/live/envoy_admin.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

#include <fmt/format.h>

#include "kumasim/transport/http.hpp"
#include "scenarios/engine/dataplane.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration patience = std::chrono::seconds(3);

void each_stat(const std::string& stats, const std::function<void(std::string_view, std::uint64_t)>& visit) {
  std::size_t at = 0;
  while (at < stats.size()) {
    std::size_t end = std::min(stats.find('\n', at), stats.size());
    std::string_view line(stats.data() + at, end - at);
    at = end + 1;
    std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    std::uint64_t value = 0;
    std::from_chars(line.data() + colon + 2, line.data() + line.size(), value);
    visit(line.substr(0, colon), value);
  }
}

/// The type of resource that a subscription's statistics speak of.
std::string type_of(std::string_view subscription) {
  if (subscription == "cluster_manager.cds") return "Cluster";
  if (subscription == "listener_manager.lds") return "Listener";
  if (subscription.find(".rds.") != std::string_view::npos) return "RouteConfiguration";
  if (subscription.starts_with("sds.") || subscription.find(".sds.") != std::string_view::npos) return "Secret";
  if (subscription.starts_with("cluster.")) return "ClusterLoadAssignment";
  return std::string(subscription);
}

std::string member(const nlohmann::json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name].is_string() ? object[name].get<std::string>()
                                                                                 : std::string();
}

}  // namespace

void read_clusters(const nlohmann::json& clusters, const std::vector<Destination>& called, ProxyState& state) {
  Endpoints::Map endpoints;
  for (const Destination& destination : called) endpoints[destination.service];
  for (const auto& cluster : clusters.value("cluster_statuses", nlohmann::json::array())) {
    std::string service = service_of_cluster(member(cluster, "name"), called);
    if (service.empty()) continue;
    for (const auto& host : cluster.value("host_statuses", nlohmann::json::array())) {
      nlohmann::json address =
          host.value("address", nlohmann::json::object()).value("socket_address", nlohmann::json::object());
      endpoints[service].insert(fmt::format("{}:{}", member(address, "address"), address.value("port_value", 0)));
    }
  }
  state.endpoints = std::move(endpoints);
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
  each_stat(stats, [&](std::string_view name, std::uint64_t value) {
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
  });
  state.ready = warming == 0 && state.accepted > 0;
}

void RefusalWatch::see(const std::string& stats) {
  Subscriptions now;
  each_stat(stats, [&](std::string_view name, std::uint64_t value) {
    std::string_view subscription = name.substr(0, name.rfind('.'));
    if (name.ends_with(".update_success"))
      now[std::string(subscription)].success = value;
    else if (name.ends_with(".update_rejected"))
      now[std::string(subscription)].rejected = value;
  });
  for (const auto& [subscription, counts] : now) {
    UpdateCounts before = last_[subscription];
    if (counts.success < before.success || counts.rejected < before.rejected) before = {};  // another life
    // Both in one poll: which came last the control plane knows; until it says so the refusal counts.
    if (counts.rejected > before.rejected)
      refused_[subscription] = type_of(subscription);
    else if (counts.success > before.success)
      refused_.erase(subscription);
  }
  // A subscription that Envoy gave up holds nothing back.
  std::erase_if(refused_, [&](const auto& entry) { return !now.contains(entry.first); });
  last_ = std::move(now);
}

std::map<std::string, std::string> RefusalWatch::refusals(const std::string& log) const {
  std::map<std::string, std::string> out;
  for (const auto& [subscription, type] : refused_) {
    // "gRPC config for type.googleapis.com/envoy.config.listener.v3.Listener rejected: ..."; "delta config for ...".
    constexpr std::string_view mark = " rejected: ";
    std::size_t found = log.rfind("." + type + std::string(mark));
    if (found == std::string::npos) {
      out[type] = fmt::format("{}.update_rejected was counted; Envoy's log does not say why", subscription);
      continue;
    }
    std::size_t begin = found + 1 + type.size() + mark.size();
    out[type] = log.substr(begin, std::min(log.find('\n', begin), log.size()) - begin);
  }
  return out;
}

asio::awaitable<ProxyState> read_envoy(Runtime& runtime, std::uint16_t admin_port, std::vector<Destination> called,
                                       RefusalWatch& watch) {
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
  watch.see(stats->body);
  nlohmann::json cluster_json = nlohmann::json::parse(clusters->body, nullptr, false);
  nlohmann::json certificate_json = nlohmann::json::parse(certificates->body, nullptr, false);
  if (cluster_json.is_object()) read_clusters(cluster_json, called, state);
  if (certificate_json.is_object()) read_certificates(certificate_json, state);
  co_return state;
}

}  // namespace kumasim::scenario
