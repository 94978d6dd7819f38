#include "reference-cp/kds/zone_status.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/store/retry_write.hpp"

namespace kumasim::cp::kds {
namespace {

using Json = nlohmann::json;

constexpr std::string_view component = "kds-status";

/// A subscription that is there is replaced. A new one ends those that a Global which died left open.
void put_subscription(Json& subscriptions, const Json& subscription, WallTime now) {
  if (!subscriptions.is_array()) subscriptions = Json::array();
  for (Json& held : subscriptions)
    if (text_at(held, "id") == text_at(subscription, "id")) {
      held = subscription;
      return;
    }
  for (Json& held : subscriptions)
    if (!has(held, "disconnectTime")) held["disconnectTime"] = print_timestamp(now);
  subscriptions.push_back(subscription);
}

/// The last subscription always keeps its details.
void compact(Json& subscriptions) {
  for (std::size_t i = 0; i + 1 < subscriptions.size(); ++i) {
    subscriptions[i].erase("config");
    if (has(subscriptions[i], "status")) subscriptions[i]["status"].erase("stat");
  }
}

void limit(Json& subscriptions, std::size_t most) {
  const auto over = subscriptions.size() - std::min(subscriptions.size(), most);
  subscriptions.erase(subscriptions.begin(), subscriptions.begin() + static_cast<std::ptrdiff_t>(over));
}

/// EnvoyAdminStreams, which kdsStreams has replaced, has a field for three of the streams; "" for the others.
std::string_view old_field(ZoneStream stream) {
  switch (stream) {
    case ZoneStream::config_dump: return "configDumpGlobalInstanceId";
    case ZoneStream::stats: return "statsGlobalInstanceId";
    case ZoneStream::clusters: return "clustersGlobalInstanceId";
    case ZoneStream::global_to_zone:
    case ZoneStream::zone_to_global: return "";
  }
  return "";
}

}  // namespace

asio::awaitable<Result<>> ZoneStatus::edit_once(const std::string& zone, const Edit& edit) {
  const ResourceKey key{"", zone};
  if (auto owner = co_await store_.get(kind::zone(), key); !owner) co_return fail(owner.error());
  auto before = co_await store_.get(kind::zone_insight(), key);
  if (!before && before.error().code != Code::not_found) co_return fail(before.error());
  Resource insight;
  if (before) insight = **before;
  insight.kind = &kind::zone_insight();
  insight.meta.name = zone;
  edit(insight.spec);
  if (before && insight.spec == (*before)->spec) co_return Result<>();
  const WallTime now = runtime_.clock.wall_now();
  auto done =
      before ? co_await store_.update(std::move(insight), now) : co_await store_.create(std::move(insight), now);
  if (!done) co_return fail(done.error());
  co_return Result<>();
}

asio::awaitable<Result<>> ZoneStatus::edit(std::string zone, Edit edit) {
  co_return co_await retry_write(runtime_.timers, [&] { return edit_once(zone, edit); });
}

asio::awaitable<Result<>> ZoneStatus::health_check(std::string zone) {
  const std::string now = print_timestamp(runtime_.clock.wall_now());
  co_return co_await edit(std::move(zone), [now](Json& spec) { spec["healthCheck"]["time"] = now; });
}

asio::awaitable<Result<>> ZoneStatus::stream_opened(std::string zone, ZoneStream stream, WallTime connected) {
  co_return co_await edit(std::move(zone), [this, stream, connected](Json& spec) {
    Json& streams = spec["kdsStreams"];
    Json& entry = streams[std::string(to_string(stream))];
    const auto before = parse_timestamp(text_at(entry, "connectTime"));
    if (!before || *before < connected)
      entry = Json{{"globalInstanceId", options_.instance}, {"connectTime", print_timestamp(connected)}};
    if (std::string_view field = old_field(stream); !field.empty())
      spec["envoyAdminStreams"][std::string(field)] = options_.instance;
  });
}

asio::awaitable<void> ZoneStatus::write(const ZoneSubscription& subscription, std::string& written) {
  const Json now = subscription.print();
  std::string text = now.dump();
  if (text == written) co_return;
  auto done = co_await edit(subscription.zone(), [this, &now](Json& spec) {
    Json& subscriptions = spec["subscriptions"];
    put_subscription(subscriptions, now, runtime_.clock.wall_now());
    if (options_.compact_finished) compact(subscriptions);
    limit(subscriptions, options_.subscription_limit);
  });
  if (done)
    written = std::move(text);
  else
    runtime_.log.warn(component, "zone insight not written",
                      {{"zone", subscription.zone()}, {"error", done.error().message}});
}

asio::awaitable<void> ZoneStatus::follow(std::shared_ptr<ZoneSubscription> subscription, Event& wake) {
  const bool signs = options_.idle_time > Duration::zero();
  MonotonicTime next_sign = runtime_.timers.now() + options_.idle_time / 2;
  std::string written;
  for (;;) {
    const bool last = subscription->ended();
    if (!subscription->zone().empty()) co_await write(*subscription, written);
    if (last) co_return;
    wake.reset();
    // The end may have come during the write.
    if (!subscription->ended()) {
      auto woken = co_await with_timeout(runtime_.timers, options_.flush_interval, wake.wait());
      if (!woken && woken.error().code != Code::deadline_exceeded)
        throw boost::system::system_error(asio::error::operation_aborted);
    }
    if (signs && runtime_.timers.now() >= next_sign) {
      next_sign = runtime_.timers.now() + options_.idle_time / 2;
      subscription->count_up();
    }
  }
}

}  // namespace kumasim::cp::kds
