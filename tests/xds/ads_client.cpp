#include "tests/xds/ads_client.hpp"

#include <algorithm>
#include <iterator>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/service/discovery/v3/discovery.pb.h>
#include <rapidcheck.h>

#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp {
namespace {

bool is_wildcard(std::string_view url) { return url == type_url::cluster || url == type_url::listener; }

std::string value_of(const std::string& bytes) {
  google::protobuf::Any any;
  RC_ASSERT(any.ParseFromString(bytes));
  return any.value();
}

/// The lists of endpoints that clusters name.
std::set<std::string> endpoints_of(const AdsClient::Held& held) {
  std::set<std::string> names;
  auto clusters = held.find(std::string(type_url::cluster));
  if (clusters == held.end()) return names;
  for (const auto& [name, bytes] : clusters->second) {
    envoy::config::cluster::v3::Cluster cluster;
    RC_ASSERT(cluster.ParseFromString(bytes));
    if (cluster.type() != envoy::config::cluster::v3::Cluster::EDS) continue;
    const std::string& service = cluster.eds_cluster_config().service_name();
    names.insert(service.empty() ? name : service);
  }
  return names;
}

}  // namespace

AdsClient::AdsClient(AdsVariant variant) : variant_(variant) { reconnect(); }

void AdsClient::reconnect() {
  session_ = std::make_unique<AdsSession>(variant_);
  inbox_.clear();
  nonce_.clear();
  auto asked = std::move(asked_);
  asked_.clear();
  if (snapshot_) take(session_->on_snapshot(snapshot_));
  for (const char* url : {type_url::cluster.data(), type_url::listener.data()}) request(url, {}, false);
  for (auto& [url, names] : asked) {
    if (is_wildcard(url) || names.empty() || asked_.contains(url)) continue;
    asked_[url] = names;
    request(url, {}, false);
  }
  ask();
}

void AdsClient::snapshot(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  take(session_->on_snapshot(snapshot_));
  ask();
}

void AdsClient::take(AdsActions actions) {
  RC_ASSERT(!actions.refused);
  std::ranges::move(actions.send, std::back_inserter(inbox_));
  if (draining_) return;
  draining_ = true;
  while (!inbox_.empty()) {
    AdsResponse response = std::move(inbox_.front());
    inbox_.pop_front();
    receive(response);
  }
  draining_ = false;
}

void AdsClient::receive(const AdsResponse& response) {
  const std::string& url = response.type_url;
  // What comes late for a name that is no longer asked for is passed over.
  auto wants = [&](const std::string& name) { return is_wildcard(url) || asked_[url].contains(name); };
  std::string bytes;
  for (const auto& slice : response.bytes) bytes += *slice;
  if (variant_ == AdsVariant::delta) {
    envoy::service::discovery::v3::DeltaDiscoveryResponse message;
    RC_ASSERT(message.ParseFromString(bytes));
    for (const auto& resource : message.resources()) {
      if (!wants(resource.name())) continue;
      held_[url][resource.name()] = resource.resource().value();
      versions_[url][resource.name()] = resource.version();
    }
    for (const auto& name : message.removed_resources()) {
      held_[url].erase(name);
      versions_[url].erase(name);
    }
  } else {
    envoy::service::discovery::v3::DiscoveryResponse message;
    RC_ASSERT(message.ParseFromString(bytes));
    RC_ASSERT(std::size_t(message.resources_size()) == response.names.size());
    if (is_wildcard(url)) held_[url].clear();
    for (int i = 0; i < message.resources_size(); ++i)
      if (const std::string& name = response.names[std::size_t(i)]; wants(name))
        held_[url][name] = message.resources(i).value();
  }
  version_[url] = response.version;
  nonce_[url] = response.nonce;
  request(url, response.nonce, true);
  if (is_wildcard(url)) ask();
}

void AdsClient::request(const std::string& url, const std::string& nonce, bool answers) {
  const std::set<std::string>& names = asked_[url];
  if (variant_ == AdsVariant::state_of_the_world) {
    DiscoveryRequest request;
    request.type_url = url;
    request.version_info = version_[url];
    request.response_nonce = nonce;
    request.names.assign(names.begin(), names.end());
    return take(session_->on_request(request));
  }
  DeltaDiscoveryRequest request;
  request.type_url = url;
  request.response_nonce = nonce;
  if (!answers) {
    request.subscribe.assign(names.begin(), names.end());
    request.initial_versions = versions_[url];
  }
  take(session_->on_delta_request(request));
}

void AdsClient::ask() {
  std::set<std::string> urls = {std::string(type_url::endpoint)};
  for (const auto& [url, names] : asked_) urls.insert(url);
  if (snapshot_)
    for (const auto& [url, resources] : snapshot_->types()) urls.insert(url);
  for (const std::string& url : urls) {
    if (is_wildcard(url)) continue;
    std::set<std::string> wanted;
    if (url == type_url::endpoint)
      wanted = endpoints_of(held_);
    else if (snapshot_)
      for (const auto& [name, resource] : snapshot_->of(url)) wanted.insert(name);
    auto found = asked_.find(url);
    bool first = found == asked_.end();
    std::set<std::string> before = first ? std::set<std::string>() : found->second;
    if (wanted == before) continue;
    std::erase_if(held_[url], [&](const auto& entry) { return !wanted.contains(entry.first); });
    std::erase_if(versions_[url], [&](const auto& entry) { return !wanted.contains(entry.first); });
    asked_[url] = wanted;
    if (first || variant_ == AdsVariant::state_of_the_world) {
      request(url, nonce_[url], false);
      continue;
    }
    DeltaDiscoveryRequest change;
    change.type_url = url;
    std::ranges::set_difference(wanted, before, std::back_inserter(change.subscribe));
    std::ranges::set_difference(before, wanted, std::back_inserter(change.unsubscribe));
    take(session_->on_delta_request(change));
  }
}

AdsClient::Held AdsClient::held() const {
  Held result;
  for (const auto& [url, resources] : held_)
    if (!resources.empty()) result.emplace(url, resources);
  return result;
}

AdsClient::Held content(const Snapshot& snapshot) {
  AdsClient::Held result;
  for (const auto& [url, resources] : snapshot.types())
    for (const auto& [name, resource] : resources) result[url][name] = value_of(*resource->any);
  // A TrafficRoute and a MeshHTTPRoute may both make the cluster of an ExternalService; endpoints of one stay behind.
  auto endpoints = result.find(std::string(type_url::endpoint));
  if (endpoints == result.end()) return result;
  std::set<std::string> named = endpoints_of(result);
  std::erase_if(endpoints->second, [&](const auto& entry) { return !named.contains(entry.first); });
  if (endpoints->second.empty()) result.erase(endpoints);
  return result;
}

}  // namespace kumasim::cp
