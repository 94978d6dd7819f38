/// Counts what is asked of a store, by the names and labels of Kuma's metrics (pkg/metrics/store).
#pragma once

#include <map>
#include <memory>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "kumasim/runtime/clock.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// Of several writes in one commit each counts as what it does to its kind, with the time that the commit took.
class MeteredStore final : public Store {
 public:
  /// The registry, which has none of these names yet, and the clock must outlive it.
  MeteredStore(std::shared_ptr<Store> inner, const Clock& clock, prometheus::Registry& registry);

  asio::awaitable<Result<ResourcePtr>> get(const Kind& kind, ResourceKey key) override;
  asio::awaitable<Result<ResourcePtr>> create(Resource resource, WallTime now) override;
  asio::awaitable<Result<ResourcePtr>> update(Resource resource, WallTime now) override;
  asio::awaitable<Result<>> remove(const Kind& kind, ResourceKey key) override;
  asio::awaitable<Result<std::vector<ResourcePtr>>> commit(std::vector<Write> writes, WallTime now) override;
  asio::awaitable<Result<List>> list(const Kind& kind, ListOptions options) override;
  void subscribe(std::function<void(const Change&)> on_change) override { inner_->subscribe(std::move(on_change)); }
  Result<> close() override { return inner_->close(); }

 private:
  using ByKind = std::map<const Kind*, prometheus::Histogram*>;
  void count(ByKind& known, const char* operation, const Kind& kind, MonotonicTime begun);
  void count_conflict(const Kind& kind);

  std::shared_ptr<Store> inner_;
  const Clock& clock_;
  prometheus::Family<prometheus::Histogram>& operations_;
  prometheus::Family<prometheus::Counter>& conflicts_;
  ByKind gets_, creates_, updates_, removals_, lists_;  ///< of operations_
};

}  // namespace kumasim::cp
