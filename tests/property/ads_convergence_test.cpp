/// Whatever happens on the way - snapshots, late answers, rejections, lost streams - both variants of ADS end in one
/// state: the client holds the snapshot, and no cluster waits for endpoints that never come.
#include <deque>
#include <memory>
#include <optional>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/service/discovery/v3/discovery.pb.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference-cp/xds/ads/session.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp {
namespace {

const std::string cds{type_url::cluster}, eds{type_url::endpoint}, lds{type_url::listener}, rds{type_url::route};

XdsResourcePtr make_resource(const std::string& url, const std::string& name, const std::string& version) {
  envoy::config::cluster::v3::Cluster body;  // stands for every type
  body.set_name(name);
  body.set_alt_stat_name(version);
  google::protobuf::Any any;
  any.set_type_url(url);
  any.set_value(body.SerializeAsString());
  return std::make_shared<const XdsResource>(
      XdsResource{name, version, std::make_shared<const std::string>(any.SerializeAsString())});
}

/// An Envoy as far as the protocol goes. It asks for the endpoints of the clusters and the routes of the listeners that
/// it holds, and does not acknowledge clusters before they are warm.
class Client {
 public:
  using Held = std::map<std::string, std::string>;

  explicit Client(AdsVariant variant) : variant_(variant) { connect(); }

  void connect() {
    session_.emplace(variant_);
    to_client_.clear();
    to_server_.clear();
    nonce_.clear();
    asked_.clear();
    cluster_ack_.reset();
    if (snapshot_) take(session_->on_snapshot(snapshot_));
    first_request(cds, {});
    first_request(lds, {});
    for (const auto& [url, owner] : {std::pair(eds, cds), std::pair(rds, lds)})
      if (auto names = names_of(owner); !names.empty()) first_request(url, names);
  }

  void snapshot(std::shared_ptr<const Snapshot> snapshot) {
    snapshot_ = snapshot;
    take(session_->on_snapshot(std::move(snapshot)));
  }
  void patience_ends() { take(session_->on_patience_end()); }

  /// False where nothing is on its way.
  bool deliver_to_server() {
    if (to_server_.empty()) return false;
    auto send = std::move(to_server_.front());
    to_server_.pop_front();
    take(send());
    return true;
  }
  bool deliver_to_client(bool accept) {
    if (to_client_.empty()) return false;
    AdsResponse response = std::move(to_client_.front());
    to_client_.pop_front();
    receive(response, accept);
    return true;
  }

  const Held& held(const std::string& url) { return held_[url]; }
  bool warm() const { return warming_.empty(); }
  bool settled() const { return session_->settled(); }
  bool accepted() const { return session_->accepted(); }
  const std::shared_ptr<const Snapshot>& newest() const { return snapshot_; }

 private:
  static Held content(const AdsResponse& response, AdsVariant variant) {
    std::string bytes;
    for (const auto& slice : response.bytes) bytes += *slice;
    Held out;
    auto add = [&](const google::protobuf::Any& any) {
      envoy::config::cluster::v3::Cluster body;
      RC_ASSERT(body.ParseFromString(any.value()));
      out[body.name()] = body.alt_stat_name();
    };
    if (variant == AdsVariant::delta) {
      envoy::service::discovery::v3::DeltaDiscoveryResponse message;
      RC_ASSERT(message.ParseFromString(bytes));
      for (const auto& resource : message.resources()) add(resource.resource());
    } else {
      envoy::service::discovery::v3::DiscoveryResponse message;
      RC_ASSERT(message.ParseFromString(bytes));
      for (const auto& any : message.resources()) add(any);
    }
    return out;
  }

  std::set<std::string> names_of(const std::string& owner) {
    std::set<std::string> out;
    for (const auto& [name, version] : held_[owner]) out.insert(name);
    return out;
  }

  void first_request(const std::string& url, const std::set<std::string>& names) {
    asked_[url] = names;
    if (variant_ == AdsVariant::delta) {
      DeltaDiscoveryRequest request;
      request.type_url = url;
      request.subscribe.assign(names.begin(), names.end());
      request.initial_versions = held_[url];
      to_server_.push_back([this, request] { return session_->on_delta_request(request); });
    } else {
      send_world(url, {});
    }
  }

  void send_world(const std::string& url, std::optional<AdsRejection> error) {
    DiscoveryRequest request;
    request.type_url = url;
    request.version_info = version_[url];
    request.response_nonce = nonce_[url];
    request.names.assign(asked_[url].begin(), asked_[url].end());
    request.error = std::move(error);
    to_server_.push_back([this, request] { return session_->on_request(request); });
  }

  void answer(const std::string& url, const std::string& nonce, std::optional<AdsRejection> error) {
    if (variant_ == AdsVariant::state_of_the_world) return send_world(url, std::move(error));
    DeltaDiscoveryRequest request;
    request.type_url = url;
    request.response_nonce = nonce;
    request.error = std::move(error);
    to_server_.push_back([this, request] { return session_->on_delta_request(request); });
  }

  void ask(const std::string& url, const std::string& owner) {
    std::set<std::string> names = names_of(owner);
    bool first = !asked_.contains(url);
    std::set<std::string> before = first ? std::set<std::string>() : asked_[url];
    if (first && names.empty()) return;
    std::erase_if(held_[url], [&](const auto& entry) { return !names.contains(entry.first); });
    if (first) return first_request(url, names);
    asked_[url] = names;
    // Envoy repeats its request in the state-of-the-world variant even where the names are the same.
    if (variant_ == AdsVariant::state_of_the_world) return send_world(url, {});
    DeltaDiscoveryRequest request;
    request.type_url = url;
    std::ranges::set_difference(names, before, std::back_inserter(request.subscribe));
    std::ranges::set_difference(before, names, std::back_inserter(request.unsubscribe));
    if (!request.subscribe.empty() || !request.unsubscribe.empty())
      to_server_.push_back([this, request] { return session_->on_delta_request(request); });
  }

  void receive(const AdsResponse& response, bool accept) {
    const std::string& url = response.type_url;
    nonce_[url] = response.nonce;
    if (!accept) return answer(url, response.nonce, AdsRejection{13, "no"});
    version_[url] = response.version;
    bool all = url == cds || url == lds;
    Held fresh = content(response, variant_);
    Held before = held_[url];
    if (all && variant_ == AdsVariant::state_of_the_world) held_[url].clear();
    for (const auto& [name, version] : fresh) held_[url][name] = version;
    if (all)
      for (const auto& name : response.removed) held_[url].erase(name);
    if (url == cds) {
      for (const auto& [name, version] : held_[cds])
        if (auto old = before.find(name); old == before.end() || old->second != version) warming_.insert(name);
      std::erase_if(warming_, [&](const std::string& name) { return !held_[cds].contains(name); });
      cluster_ack_ = response.nonce;
      ask(eds, cds);
    }
    if (url == eds)
      for (const auto& [name, version] : fresh) warming_.erase(name);
    if (url != cds) answer(url, response.nonce, {});
    if (url == lds) ask(rds, lds);
    if (cluster_ack_ && warming_.empty()) {
      answer(cds, *cluster_ack_, {});
      cluster_ack_.reset();
    }
  }

  void take(AdsActions actions) {
    for (auto& response : actions.send) to_client_.push_back(std::move(response));
  }

  AdsVariant variant_;
  std::optional<AdsSession> session_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::deque<AdsResponse> to_client_;
  std::deque<std::function<AdsActions()>> to_server_;
  std::map<std::string, Held> held_;
  std::map<std::string, std::string> nonce_, version_;
  std::map<std::string, std::set<std::string>> asked_;
  std::set<std::string> warming_;
  std::optional<std::string> cluster_ack_;
};

/// Bits choose which clusters and listeners there are; versions come from `salt`.
std::shared_ptr<const Snapshot> make_snapshot(std::uint32_t bits, const std::string& salt) {
  auto out = std::make_shared<Snapshot>();
  for (int i = 0; i < 4; ++i) {
    if (!(bits >> i & 1)) continue;
    std::string name(1, static_cast<char>('a' + i));
    out->add(cds, make_resource(cds, name, salt + std::to_string(bits >> (4 + i) & 1)));
    out->add(eds, make_resource(eds, name, salt + std::to_string(bits >> (8 + i) & 1)));
  }
  for (int i = 0; i < 2; ++i) {
    if (!(bits >> (12 + i) & 1)) continue;
    std::string name(1, static_cast<char>('x' + i));
    out->add(lds, make_resource(lds, name, salt + std::to_string(bits >> (14 + i) & 1)));
    out->add(rds, make_resource(rds, name, salt + std::to_string(bits >> (16 + i) & 1)));
  }
  return out;
}

void step(Client& client, std::uint32_t op) {
  std::uint32_t argument = op >> 4;
  switch (op & 15) {
    case 0:
    case 1:
    case 2: client.snapshot(make_snapshot(argument, "")); break;
    case 3: client.connect(); break;
    case 4: client.patience_ends(); break;
    case 5:
    case 6: client.deliver_to_client(false); break;
    case 7:
    case 8:
    case 9:
    case 10:
    case 11: client.deliver_to_client(true); break;
    default: client.deliver_to_server(); break;
  }
}

/// It has the newest snapshot's resources of this type, and no others.
bool is_current(Client& client, const std::string& url) {
  Client::Held expected;
  for (const auto& [name, resource] : client.newest()->of(url)) expected[name] = resource->version;
  return client.held(url) == expected;
}

void finish(Client& client, std::uint32_t bits) {
  client.snapshot(make_snapshot(bits, "last"));
  for (int round = 0; round < 1000; ++round) {
    bool moved = client.deliver_to_server();
    moved = client.deliver_to_client(true) || moved;
    if (moved) continue;
    if (client.settled() && client.warm()) return;
    client.patience_ends();
  }
  RC_FAIL("the conversation does not end");
}

void holds(Client& client) {
  for (const std::string& url : {cds, eds, lds, rds}) RC_ASSERT(is_current(client, url));
  RC_ASSERT(client.warm());
  RC_ASSERT(client.settled());
}

RC_GTEST_PROP(AdsConvergence, StateOfTheWorldAndDeltaEndInTheSnapshot,
              (const std::vector<std::uint32_t>& ops, std::uint32_t last)) {
  // The last snapshot differs in every type from what may have been rejected before: what was rejected is not sent
  // again.
  last |= 1u | 1u << 12;
  for (AdsVariant variant : {AdsVariant::state_of_the_world, AdsVariant::delta}) {
    Client client(variant);
    for (std::uint32_t op : ops) step(client, op);
    finish(client, last);
    holds(client);
  }
}

/// Also where a slow client refuses what has been overtaken meanwhile. Two clusters change, each in its own time.
RC_GTEST_PROP(AdsConvergence, WhatIsCalledAcceptedTheClientHas, ()) {
  const auto ops = *rc::gen::container<std::vector<std::uint32_t>>(12, rc::gen::resize(100, rc::gen::inRange(0u, 28u)));
  for (AdsVariant variant : {AdsVariant::state_of_the_world, AdsVariant::delta}) {
    Client client(variant);
    const std::uint32_t both = 3u | 1u << 12;
    client.snapshot(make_snapshot(both, ""));
    auto deliver_all = [&] {
      while (client.deliver_to_server() || client.deliver_to_client(true)) {
      }
    };
    deliver_all();
    RC_ASSERT(client.accepted());
    for (std::uint32_t op : ops) {
      switch (op % 7) {
        case 0: client.snapshot(make_snapshot(both | op / 7 << 4, "")); break;
        case 1: client.patience_ends(); break;
        case 2: client.deliver_to_client(false); break;
        case 3:
        case 4: client.deliver_to_client(true); break;
        default: client.deliver_to_server(); break;
      }
      if (client.accepted()) RC_ASSERT(is_current(client, cds) && is_current(client, lds));
    }
    deliver_all();
    if (client.accepted()) RC_ASSERT(is_current(client, cds) && is_current(client, lds));
  }
}

/// Without rejections and losses, traffic never points at a cluster that is gone: a listener's version is never ahead
/// of the clusters, and what an old listener used goes last. Here cluster and listener versions move together.
RC_GTEST_PROP(AdsConvergence, ListenersNeverRunAheadOfClusters, (const std::vector<std::uint32_t>& ops)) {
  for (AdsVariant variant : {AdsVariant::state_of_the_world, AdsVariant::delta}) {
    Client client(variant);
    int number = 0;
    auto next = [&] {
      // Snapshot n: one cluster named after n, one listener of version n that sends everything to it.
      auto snapshot = std::make_shared<Snapshot>();
      std::string n = std::to_string(number++);
      snapshot->add(cds, make_resource(cds, n, "1"));
      snapshot->add(eds, make_resource(eds, n, "1"));
      snapshot->add(lds, make_resource(lds, "x", n));
      snapshot->add(rds, make_resource(rds, "x", "1"));
      client.snapshot(snapshot);
    };
    next();
    for (std::uint32_t op : ops) {
      if (op % 8 == 0) next();
      if (op % 8 < 4) client.deliver_to_server();
      if (op % 8 >= 4) client.deliver_to_client(true);
      auto listener = client.held(lds).find("x");
      if (listener != client.held(lds).end()) RC_ASSERT(client.held(cds).contains(listener->second));
    }
  }
}

}  // namespace
}  // namespace kumasim::cp
