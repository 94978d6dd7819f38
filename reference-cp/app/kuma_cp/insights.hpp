/// Insights of Dataplanes, ZoneIngresses and ZoneEgresses: what the control plane knows of each connected proxy,
/// written as it changes.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/app/kuma_cp/proxy.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

class Insights {
 public:
  /// `instance` names this control plane in subscriptions.
  Insights(const Runtime& runtime, const Config& config, std::shared_ptr<Store> store, std::string instance)
      : runtime_(runtime), config_(config), store_(std::move(store)), instance_(std::move(instance)) {}

  /// Writes the proxy's insight where it differs from what was written last; tried again for a second or so where the
  /// store refuses, and then logged. A proxy without its resource has none.
  asio::awaitable<void> flush(ProxyPtr proxy);
  /// Writes, now and at the flush interval, until the proxy's stream ends; the end itself is the last write. A new
  /// certificate is written soon. Twice in the idle time the subscription's generation counts up, by which a
  /// SubscriptionFinalizer sees that somebody serves it.
  asio::awaitable<void> follow(ProxyPtr proxy);

  /// A subscription of another control plane has not ended: the proxy has moved there.
  asio::awaitable<bool> moved_away(ProxyPtr proxy);

 private:
  nlohmann::json subscription_of(const Proxy& proxy, const nlohmann::json& metadata) const;
  asio::awaitable<Result<nlohmann::json>> believed(const Identity& identity);
  asio::awaitable<Result<>> write(Proxy& proxy);
  /// Waits, at most for this long, until the insight has something to say at once.
  asio::awaitable<void> wait_for_news(const ProxyPtr& proxy, Duration limit);

  Runtime runtime_;
  const Config& config_;
  std::shared_ptr<Store> store_;
  std::string instance_;
};

}  // namespace kumasim::cp
