#include "reference-cp/app/kuma_cp/insights.hpp"

#include <algorithm>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/kuma_cp/proxy_kind.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/store/retry_write.hpp"
#include "reference-cp/xds/kri.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

/// News wait so long for what comes with them.
constexpr Duration news_pause = std::chrono::milliseconds(500);

/// Zero counts are left out, as protobuf's JSON does.
Json counts_json(const ResponseCounts& counts) {
  Json out = Json::object();
  auto put = [&](const char* name, std::uint64_t value) {
    if (value > 0) out[name] = std::to_string(value);
  };
  put("responsesSent", counts.sent);
  put("responsesAcknowledged", counts.acknowledged);
  put("responsesRejected", counts.rejected);
  return out;
}

ReportedInsight report_of(const Proxy& proxy, ResourcePtr written) {
  ReportedInsight out{.written = std::move(written),
                      .updated = proxy.subscription.updated,
                      .disconnected = proxy.subscription.disconnected,
                      .responses = 0,
                      .generation = proxy.subscription.generation,
                      .identity = proxy.identity};
  for (const auto& [url, counts] : proxy.subscription.counts)
    out.responses += counts.sent + counts.acknowledged + counts.rejected;
  return out;
}

Json status_json(const Subscription& subscription) {
  Json out = Json::object();
  out["lastUpdateTime"] = print_timestamp(subscription.updated);
  ResponseCounts total;
  for (const auto& [url, counts] : subscription.counts) {
    total.sent += counts.sent;
    total.acknowledged += counts.acknowledged;
    total.rejected += counts.rejected;
  }
  out["total"] = counts_json(total);
  auto of = [&](std::string_view url) {
    auto found = subscription.counts.find(std::string(url));
    return counts_json(found == subscription.counts.end() ? ResponseCounts{} : found->second);
  };
  out["cds"] = of(type_url::cluster);
  out["eds"] = of(type_url::endpoint);
  out["lds"] = of(type_url::listener);
  out["rds"] = of(type_url::route);
  return out;
}

/// Of what an agent beside the proxy hands out no times are known.
Json mtls_json(const Identity& identity, const Json& backends) {
  Json out{{"certificateRegenerations", identity.generation}, {"issuedBackend", identity.tls.backend}};
  if (identity.by_agent) return out;
  out["certificateExpirationTime"] = print_timestamp(identity.expires);
  out["lastCertificateRegeneration"] = print_timestamp(identity.generated);
  out["supportedBackends"] = backends;
  return out;
}

}  // namespace

/// Of the mesh's own mutual TLS the backend, of a workload identity all MeshTrusts.
asio::awaitable<Result<Json>> Insights::believed(const Identity& identity) {
  if (identity.spiffe_id.empty()) co_return Json::array({identity.tls.backend});
  auto trusts = co_await store_->list(kind::mesh_trust(), {.mesh = identity.tls.mesh});
  if (!trusts) co_return fail(trusts.error());
  Json out = Json::array();
  for (const ResourcePtr& trust : trusts->items) out.push_back(Kri::of(*trust).to_string());
  co_return out;
}

Json Insights::subscription_of(const Proxy& proxy, const Json& metadata) const {
  const Subscription& subscription = proxy.subscription;
  Json out{{"id", subscription.id},
           {"controlPlaneInstanceId", instance_},
           {"connectTime", print_timestamp(subscription.connected)},
           {"status", status_json(subscription)}};
  if (subscription.generation != 0) out["generation"] = subscription.generation;
  if (subscription.disconnected) out["disconnectTime"] = print_timestamp(*subscription.disconnected);
  if (metadata.is_object() && metadata.contains("version") && metadata["version"].is_object()) {
    out["version"] = metadata["version"];
    if (out["version"].contains("kumaDp") && out["version"]["kumaDp"].is_object())
      out["version"]["kumaDp"]["kumaCpCompatible"] = true;
  }
  return out;
}

asio::awaitable<Result<>> Insights::write(Proxy& proxy) {
  const Kind& kind = insight_kind_of(proxy);
  auto stands_for = co_await store_->get(kind_of(proxy), proxy.key);
  if (!stands_for) co_return fail(stands_for.error());
  auto before = co_await store_->get(kind, proxy.key);
  if (!before && before.error().code != Code::not_found) co_return fail(before.error());
  ReportedInsight report = report_of(proxy, before ? *before : nullptr);
  if (before && report == proxy.reported) co_return Result<>();
  Resource insight;
  if (before) insight = **before;
  insight.kind = &kind;
  insight.meta.mesh = proxy.key.mesh;
  insight.meta.name = proxy.key.name;
  Json subscriptions = Json::array();
  if (insight.spec.contains("subscriptions"))
    for (const auto& old : insight.spec["subscriptions"]) {
      if (old.value("id", "") == proxy.subscription.id) continue;
      subscriptions.push_back(old);
      // An older stream that nobody has ended went with an earlier life of a control plane.
      auto connected = parse_timestamp(old.value("connectTime", ""));
      if (!old.contains("disconnectTime") && connected && *connected < proxy.subscription.connected)
        subscriptions.back()["disconnectTime"] = print_timestamp(proxy.subscription.connected);
    }
  Json metadata = Json::parse(proxy.metadata_json, nullptr, false);
  subscriptions.push_back(subscription_of(proxy, metadata));
  while (config_.subscription_limit != 0 && subscriptions.size() > config_.subscription_limit)
    subscriptions.erase(subscriptions.begin());
  insight.spec["subscriptions"] = std::move(subscriptions);
  if (metadata.is_object()) insight.spec["metadata"] = std::move(metadata);
  if (IdentityPtr identity = proxy.identity) {
    auto backends = co_await believed(*identity);
    if (!backends) co_return fail(backends.error());
    insight.spec["mTLS"] = mtls_json(*identity, *backends);
  } else {
    insight.spec.erase("mTLS");
  }
  if (!before || (*before)->spec != insight.spec) {
    WallTime now = runtime_.clock.wall_now();
    auto done =
        before ? co_await store_->update(std::move(insight), now) : co_await store_->create(std::move(insight), now);
    if (!done) co_return fail(done.error());
    report.written = *done;
  }
  proxy.reported = std::move(report);
  co_return Result<>();
}

asio::awaitable<void> Insights::flush(ProxyPtr proxy) {
  // The last write of a proxy, that it has gone, has no later one to make up for it.
  auto done = co_await retry_write(runtime_.timers, [&] { return write(*proxy); });
  if (done || done.error().code == Code::not_found) co_return;
  runtime_.log.warn("insights", "insight not written",
                    {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}, {"error", done.error().message}});
}

asio::awaitable<void> Insights::wait_for_news(const ProxyPtr& proxy, Duration limit) {
  Timer timer(runtime_.timers);
  timer.expires_after(limit);
  struct Watched {
    Proxy& proxy;
    Watched(Proxy& of, Timer& by) : proxy(of) { proxy.news = &by; }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() { proxy.news = nullptr; }
  };
  Watched watched(*proxy, timer);
  try {
    co_await timer.async_wait();
  } catch (const boost::system::system_error&) {
    // There is news, or the stream has ended; the caller looks.
  }
}

asio::awaitable<void> Insights::follow(ProxyPtr proxy) {
  const bool signs = config_.proxy_idle_time > Duration::zero();
  const Duration sign_interval = signs ? config_.proxy_idle_time / 2 : std::chrono::hours(24);
  MonotonicTime next_sign = runtime_.timers.now() + sign_interval;
  while (!proxy->closing) {
    IdentityPtr written = proxy->identity;
    co_await flush(proxy);
    // What is first known of a proxy, and a new certificate, are news; counts can wait. A sign of life cannot.
    if (!proxy->closing && proxy->identity == written) {
      const Duration left = std::max(next_sign - runtime_.timers.now(), Duration(std::chrono::milliseconds(1)));
      co_await wait_for_news(proxy, std::min(config_.status_flush_interval, left));
    }
    if (runtime_.timers.now() >= next_sign) {
      next_sign = runtime_.timers.now() + sign_interval;
      if (signs) ++proxy->subscription.generation;
    }
    if (!proxy->closing && proxy->identity != written)
      co_await wait_for_news(proxy, std::min(news_pause, config_.status_flush_interval));
  }
}

asio::awaitable<bool> Insights::moved_away(ProxyPtr proxy) {
  auto insight = co_await store_->get(insight_kind_of(*proxy), proxy->key);
  if (!insight || !(*insight)->spec.contains("subscriptions") || (*insight)->spec["subscriptions"].empty())
    co_return false;
  // Not the last one alone: that may be this one's, written after the other's.
  co_return std::ranges::any_of((*insight)->spec["subscriptions"], [&](const Json& each) {
    return each.value("controlPlaneInstanceId", instance_) != instance_ && !each.contains("disconnectTime");
  });
}

}  // namespace kumasim::cp
