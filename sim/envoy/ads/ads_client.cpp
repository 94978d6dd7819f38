#include "sim/envoy/ads/ads_client.hpp"

#include <google/protobuf/any.pb.h>

#include <algorithm>

#include "envoy/service/discovery/v3/discovery.pb.h"
#include "sim/envoy/config/wire.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace disc = ::envoy::service::discovery::v3;

/// google.rpc.Code: Envoy sends INTERNAL with every refusal.
constexpr int code_internal = 13;
/// Envoy cuts what it tells the server.
constexpr std::size_t error_bytes_max = 4096;

/// The order in which Envoy comes to ask for them.
constexpr Type order[] = {Type::cluster, Type::endpoints, Type::secret, Type::listener, Type::routes};

std::string stat_prefix(Type type) { return type == Type::cluster ? "cluster_manager.cds" : "listener_manager.lds"; }

}  // namespace

bool AdsClient::due(Type type) const {
  bool forgotten = options_.forgets_refused_clusters && refusals_.contains(Type::cluster);
  if (type == Type::cluster) return !forgotten || subscriptions_[static_cast<std::size_t>(type)].active;
  if (type == Type::listener) return state_.clusters_initialized();
  return !state_.wanted(type).empty() || subscriptions_[static_cast<std::size_t>(type)].ever;
}

AdsClient::Messages AdsClient::on_connected() {
  connected_ = true;
  node_sent_ = false;
  // It tells what it has taken, and a server that has nothing else sends nothing: what was refused before is over.
  if (!options_.forgets_refused_clusters) refusals_.clear();
  for (auto& s : subscriptions_) {
    s.active = false;
    s.nonce.clear();
  }
  Messages out;
  follow(out);
  return out;
}

AdsClient::Messages AdsClient::poll() {
  Messages out;
  if (connected_) follow(out);
  return out;
}

AdsClient::Messages AdsClient::again(Type type) {
  auto& s = subscription(type);
  if (!connected_ || !s.active) return {};
  if (!options_.delta) return {request(type, "")};
  return {delta_request(type, s.names, {}, "", "", false)};
}

std::optional<AdsClient::Messages> AdsClient::on_message(const std::string& bytes) {
  return options_.delta ? on_delta(bytes) : on_sotw(bytes);
}

/// Subscribes to what has become due and tells of names that changed.
void AdsClient::follow(Messages& out) {
  for (auto type : order) {
    if (!due(type)) continue;
    auto& s = subscription(type);
    const auto& wanted = state_.wanted(type);
    bool again = state_.take_resubscribe(type);
    bool first = !s.active;
    if (!first && !again && s.names == wanted) continue;
    if (first && wildcard(type)) state_.stats().add(stat_prefix(type) + ".update_attempt");
    s.active = s.ever = true;
    if (!options_.delta) {
      s.names = wanted;
      out.push_back(request(type, ""));
      continue;
    }
    std::set<std::string> add, remove;
    if (first) {
      add = wanted;
    } else {
      std::set_difference(wanted.begin(), wanted.end(), s.names.begin(), s.names.end(), std::inserter(add, add.end()));
      std::set_difference(s.names.begin(), s.names.end(), wanted.begin(), wanted.end(),
                          std::inserter(remove, remove.end()));
    }
    s.names = wanted;
    for (const auto& name : remove) s.versions.erase(name);
    // Nothing to say about a name that is subscribed already: in the delta protocol the server would not send it again.
    if (first || !add.empty() || !remove.empty()) out.push_back(delta_request(type, add, remove, "", "", first));
  }
}

std::string AdsClient::request(Type type, const std::string& error) {
  auto& s = subscription(type);
  disc::DiscoveryRequest r;
  r.set_type_url(std::string(type_url(type)));
  r.set_version_info(state_.version(type));
  r.set_response_nonce(s.nonce);
  for (const auto& name : s.names) r.add_resource_names(name);
  if (!options_.node_on_first_message_only || !node_sent_) r.mutable_node()->ParseFromString(options_.node);
  node_sent_ = true;
  if (!error.empty()) {
    r.mutable_error_detail()->set_code(code_internal);
    r.mutable_error_detail()->set_message(error.substr(0, error_bytes_max));
  }
  return to_bytes(r);
}

std::string AdsClient::delta_request(Type type, const std::set<std::string>& add, const std::set<std::string>& remove,
                                     const std::string& nonce, const std::string& error, bool first) {
  auto& s = subscription(type);
  disc::DeltaDiscoveryRequest r;
  r.set_type_url(std::string(type_url(type)));
  r.set_response_nonce(nonce);
  for (const auto& name : add) r.add_resource_names_subscribe(name);
  for (const auto& name : remove) r.add_resource_names_unsubscribe(name);
  if (first)
    for (const auto& [name, version] : s.versions) (*r.mutable_initial_resource_versions())[name] = version;
  if (!options_.node_on_first_message_only || !node_sent_) r.mutable_node()->ParseFromString(options_.node);
  node_sent_ = true;
  if (!error.empty()) {
    r.mutable_error_detail()->set_code(code_internal);
    r.mutable_error_detail()->set_message(error.substr(0, error_bytes_max));
  }
  return to_bytes(r);
}

std::optional<AdsClient::Messages> AdsClient::on_sotw(const std::string& bytes) {
  Messages out;
  disc::DiscoveryResponse response;
  if (!response.ParseFromString(bytes)) return std::nullopt;
  auto type = type_of(response.type_url());
  // Envoy ignores a type that nobody asked for.
  if (!type || !subscription(*type).active) return out;
  auto outcome = state_.apply(response);
  auto& s = subscription(*type);
  s.nonce = response.nonce();
  // The answer carries the names as they are now; a name that came or went needs no request of its own.
  s.names = state_.wanted(*type);
  state_.take_resubscribe(*type);
  ++(outcome ? acks_ : nacks_);
  last_answered_ = *type;
  if (!outcome) last_error_ = outcome.error();
  if (outcome)
    refusals_.erase(*type);
  else
    refusals_[*type] = outcome.error();
  out.push_back(request(*type, outcome ? "" : outcome.error()));
  follow(out);
  return out;
}

std::optional<AdsClient::Messages> AdsClient::on_delta(const std::string& bytes) {
  Messages out;
  disc::DeltaDiscoveryResponse response;
  if (!response.ParseFromString(bytes)) return std::nullopt;
  auto type = type_of(response.type_url());
  if (!type || !subscription(*type).active) return out;
  auto outcome = state_.apply(response);
  auto& s = subscription(*type);
  s.nonce = response.nonce();
  if (outcome) {
    for (const auto& r : response.resources())
      if (wildcard(*type) || s.names.contains(r.name())) s.versions[r.name()] = r.version();
    for (const auto& name : response.removed_resources()) s.versions.erase(name);
  }
  ++(outcome ? acks_ : nacks_);
  last_answered_ = *type;
  if (!outcome) last_error_ = outcome.error();
  if (outcome)
    refusals_.erase(*type);
  else
    refusals_[*type] = outcome.error();
  out.push_back(delta_request(*type, {}, {}, response.nonce(), outcome ? "" : outcome.error(), false));
  follow(out);
  return out;
}

}  // namespace kumasim::sim::proxy
