/// A control plane's store with what goes wrong in stores that are shared and lie behind a network, and a view of it
/// that lags (Sieve, OSDI'22).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::scenario {

/// What is wrong now. It outlives the lives of its control plane.
struct StoreFaults {
  std::uint32_t conflict_ppm = 0;    ///< of a million updates, how many are refused, as if another had written since
  std::uint32_t aborted_ppm = 0;     ///< of a million writes, how many fail and change nothing
  std::uint32_t denied_ppm = 0;      ///< of a million writes, how many an admission webhook denies
  /// No connection to the store is free: what is asked of it waits so long for one, and then fails.
  std::optional<Duration> no_connection_for = {};
  Duration reads_late{};             ///< what is read is as it was so long ago
  Duration told_late{};              ///< changes are told so much later, in order
  std::uint32_t unobserved_ppm = 0;  ///< of a million changes, how many are never told
  /// Told of each write that was done, and of which subscribers have heard; true where the process dies by it, before
  /// its writer hears that it was done.
  std::function<bool()> dies = {};
};

/// All must outlive it; its chance is that of the runtime. `reads_late` never exceeds `reads_late_max`: what is older
/// is forgotten.
class FaultyStore final : public cp::Store {
 public:
  FaultyStore(std::shared_ptr<cp::Store> inner, Runtime& runtime, const StoreFaults& faults, Duration reads_late_max);

  asio::awaitable<Result<cp::ResourcePtr>> get(const cp::Kind& kind, cp::ResourceKey key) override;
  asio::awaitable<Result<cp::ResourcePtr>> create(cp::Resource resource, WallTime now) override;
  asio::awaitable<Result<cp::ResourcePtr>> update(cp::Resource resource, WallTime now) override;
  asio::awaitable<Result<>> remove(const cp::Kind& kind, cp::ResourceKey key) override;
  asio::awaitable<Result<std::vector<cp::ResourcePtr>>> commit(std::vector<cp::Write> writes, WallTime now) override;
  asio::awaitable<Result<cp::List>> list(const cp::Kind& kind, cp::ListOptions options) override;
  void subscribe(std::function<void(const cp::Change&)> on_change) override;
  Result<> close() override { return inner_->close(); }

 private:
  using Past = std::map<cp::ResourceKey, cp::ResourcePtr>;  // null: there was none
  struct Known {
    MonotonicTime at;
    cp::Change change;
  };

  /// Waits for a connection; an error where none came.
  asio::awaitable<Result<>> connection();
  bool by_chance(std::uint32_t ppm) { return ppm > 0 && runtime_.random.below(1'000'000) < ppm; }
  std::optional<Error> refused(bool update);
  asio::awaitable<void> done();
  /// What changed since, as it was before.
  Past past(const cp::Kind& kind) const;
  void hear(const cp::Change& change);
  void tell(const cp::Change& change);
  asio::awaitable<void> tell_late();

  std::shared_ptr<cp::Store> inner_;
  Runtime& runtime_;
  const StoreFaults& faults_;
  std::vector<std::function<void(const cp::Change&)>> subscribers_;
  Duration reads_late_max_;
  std::deque<Known> history_;
  std::deque<Known> untold_;  // with when each is to be told
};

}  // namespace kumasim::scenario
