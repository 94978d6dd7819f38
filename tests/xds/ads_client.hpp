/// An Envoy as far as ADS goes, for either variant: it takes all that it is sent at once and says so.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "reference-cp/xds/ads/session.hpp"

namespace kumasim::cp {

class AdsClient {
 public:
  /// Type URL -> name -> the message's bytes.
  using Held = std::map<std::string, std::map<std::string, std::string>>;

  explicit AdsClient(AdsVariant variant);
  /// The control plane has another snapshot; returns when both have nothing more to say.
  void snapshot(std::shared_ptr<const Snapshot> snapshot);
  /// A new stream; what is held is kept.
  void reconnect();

  /// Types without resources are left out.
  Held held() const;

 private:
  void take(AdsActions actions);
  void receive(const AdsResponse& response);
  void request(const std::string& url, const std::string& nonce, bool answers);
  /// Asks for what the held clusters and the snapshot's listeners name.
  void ask();

  AdsVariant variant_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<AdsSession> session_;
  std::deque<AdsResponse> inbox_;
  bool draining_ = false;
  Held held_;
  std::map<std::string, std::map<std::string, std::string>> versions_;  ///< of single resources (delta)
  std::map<std::string, std::string> version_, nonce_;
  std::map<std::string, std::set<std::string>> asked_;
};

/// What a client holds that has taken all of a snapshot.
AdsClient::Held content(const Snapshot& snapshot);

}  // namespace kumasim::cp
