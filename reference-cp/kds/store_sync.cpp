#include "reference-cp/kds/store_sync.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "reference-cp/kds/refusal_text.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp::kds {
namespace {

/// So often a commit that another write overtook is planned anew.
constexpr int attempts_max = 5;

/// Words by which Kuma tells what its user did from what went wrong inside (pkg/kds/util/errors.go).
constexpr std::string_view user_error = "user error";

bool is_overtaken(Code code) {
  return code == Code::conflict || code == Code::not_found || code == Code::already_exists;
}

std::string in_the_way(const Resource& stored) {
  return fmt::format("resource already exists: type=\"{}\" name=\"{}\" mesh=\"{}\"", stored.kind->type(),
                     stored.meta.name, stored.meta.mesh);
}

}  // namespace

/// What is to be written, found out from the store as it is.
struct StoreSync::Plan {
  std::vector<Write> creations, removals, updates;
  std::vector<ResourcePtr> in_the_way;   ///< by the index in `conflicting`
  std::vector<std::size_t> conflicting;  ///< indices of Received::added
};

StoreSync StoreSync::of_zone(Store& store, const Clock& clock) { return {store, clock, Side::zone, {}}; }

StoreSync StoreSync::of_global(Store& store, const Clock& clock, GlobalTakes how) {
  return {store, clock, Side::global, std::move(how)};
}

bool StoreSync::may_replace(const Resource& stored) const {
  return side_ == Side::zone ? may_global_replace(stored) : may_zone_replace(stored, how_.zone);
}

asio::awaitable<Result<std::map<ResourceKey, ResourcePtr>>> StoreSync::stored(const Received& received) {
  std::map<ResourceKey, ResourcePtr> out;
  if (received.is_initial) {
    auto list = co_await store_.list(*received.kind, {});
    if (!list) co_return fail(list.error());
    for (ResourcePtr& resource : list->items) {
      ResourceKey key = resource->key();
      out.emplace(std::move(key), std::move(resource));
    }
    co_return out;
  }
  std::set<ResourceKey> keys(received.removed.begin(), received.removed.end());
  for (const Resource& resource : received.added) keys.insert(resource.key());
  for (const ResourceKey& key : keys) {
    auto resource = co_await store_.get(*received.kind, key);
    if (resource)
      out.emplace(key, std::move(*resource));
    else if (resource.error().code != Code::not_found)
      co_return fail(resource.error());
  }
  co_return out;
}

/// The resource that an update writes; nothing where the stored one is the same.
std::optional<Resource> StoreSync::updated(const Resource& stored, const Resource& wanted) const {
  const bool keeps_status = side_ == Side::zone;
  const bool same = stored.spec == wanted.spec && stored.meta.labels == wanted.meta.labels &&
                    (keeps_status || stored.status == wanted.status);
  if (same) return std::nullopt;
  Resource out = stored;
  out.meta.labels = wanted.meta.labels;
  out.spec = wanted.spec;
  if (!keeps_status) out.status = wanted.status;
  return out;
}

asio::awaitable<Result<StoreSync::Plan>> StoreSync::plan(const Received& received) {
  auto held = co_await stored(received);
  if (!held) co_return fail(held.error());
  Plan plan;
  std::set<ResourceKey> stay(received.invalid.begin(), received.invalid.end());
  for (std::size_t i = 0; i < received.added.size(); ++i) {
    const Resource& wanted = received.added[i];
    stay.insert(wanted.key());
    auto found = held->find(wanted.key());
    if (found == held->end()) {
      plan.creations.push_back({Write::What::create, wanted});
    } else if (!may_replace(*found->second)) {
      plan.conflicting.push_back(i);
      plan.in_the_way.push_back(found->second);
    } else if (auto update = updated(*found->second, wanted)) {
      plan.updates.push_back({Write::What::update, std::move(*update)});
    }
  }
  const std::set<ResourceKey> named(received.removed.begin(), received.removed.end());
  for (const auto& [key, resource] : *held) {
    if (stay.contains(key) || !may_replace(*resource)) continue;
    if (received.is_initial || named.contains(key)) plan.removals.push_back({Write::What::remove, *resource});
  }
  if (side_ == Side::global && !plan.creations.empty())
    if (auto zone = co_await store_.get(kind::zone(), {"", how_.zone}); !zone) co_return fail(zone.error());
  co_return plan;
}

/// What the other side says, as this side stores it.
StoreSync::Taken StoreSync::take(Received received, SyncReport& report) const {
  Taken out{.received = std::move(received), .sent_as = {}};
  Received& in = out.received;
  // What claims to be made by this side itself is no business of the other's.
  if (side_ == Side::zone) std::erase_if(in.added, [&](const Resource& resource) { return !may_replace(resource); });
  for (const Resource& resource : in.added) out.sent_as.push_back(resource.key());
  if (side_ == Side::zone) return out;
  std::set<std::string> replaced;
  for (Resource& resource : in.added)
    for (std::string& zone : take_from_zone(resource, how_)) replaced.insert(std::move(zone));
  for (auto* keys : {&in.removed, &in.invalid})
    for (ResourceKey& key : *keys) key = key_taken_from_zone(std::move(key), how_);
  report.replaced_zones.assign(replaced.begin(), replaced.end());
  return out;
}

asio::awaitable<Result<SyncReport>> StoreSync::apply(Received received) {
  SyncReport report;
  Taken taken = take(std::move(received), report);
  for (int attempt = 1;; ++attempt) {
    auto planned = co_await plan(taken.received);
    if (!planned) co_return fail(planned.error());
    report.created = planned->creations.size();
    report.removed = planned->removals.size();
    report.updated = planned->updates.size();
    std::vector<Write> writes = std::move(planned->creations);
    for (auto* more : {&planned->removals, &planned->updates}) std::ranges::move(*more, std::back_inserter(writes));
    if (!writes.empty()) {
      auto written = co_await store_.commit(std::move(writes), clock_.wall_now());
      if (!written && is_overtaken(written.error().code) && attempt < attempts_max) continue;
      if (!written) co_return fail(written.error());
    }
    if (!planned->conflicting.empty()) {
      RefusalText lines;
      for (const ResourcePtr& stored : planned->in_the_way) lines.add(in_the_way(*stored));
      report.refusal = fmt::format("{}\n{}", user_error, lines.text());
    }
    for (std::size_t index : planned->conflicting) report.refused.push_back(taken.sent_as[index]);
    if (!taken.received.refusal.empty())
      report.refusal += (report.refusal.empty() ? "" : "\n") + taken.received.refusal;
    co_return report;
  }
}

}  // namespace kumasim::cp::kds
