/// A store that control planes of the simulated world share: each holds what the table holds (store_table.hpp) and
/// hears of every commit, in the order of commits, over a connection of its own.
///
/// As the store in PostgreSQL (reference-cp/store/postgres.hpp): reads never leave memory, and may be behind another
/// replica by the time that a word takes; a write is checked at the table, and who is refused finds in memory what was
/// in his way. Without the connection writes are refused with Code::unavailable; once there is one again, all is read
/// again: what a broken commit did, and what others did meanwhile, shows then.
#pragma once

#include <memory>
#include <string>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::scenario {

class SharedStore final : public cp::Store {
 public:
  /// `table` is the process that has the table. Reads all of it; the error of the connection where that fails. Later it
  /// connects again by itself, at growing intervals. The parts of `runtime` must outlive it.
  static asio::awaitable<Result<std::unique_ptr<SharedStore>>> open(const Runtime& runtime, std::string table);
  ~SharedStore() override;

  /// There is a connection, as far as is known.
  bool connected() const;

  asio::awaitable<Result<cp::ResourcePtr>> get(const cp::Kind& kind, cp::ResourceKey key) override;
  asio::awaitable<Result<cp::ResourcePtr>> create(cp::Resource resource, WallTime now) override;
  asio::awaitable<Result<cp::ResourcePtr>> update(cp::Resource resource, WallTime now) override;
  asio::awaitable<Result<>> remove(const cp::Kind& kind, cp::ResourceKey key) override;
  asio::awaitable<Result<std::vector<cp::ResourcePtr>>> commit(std::vector<cp::Write> writes, WallTime now) override;
  asio::awaitable<Result<cp::List>> list(const cp::Kind& kind, cp::ListOptions options) override;
  void subscribe(std::function<void(const cp::Change&)> on_change) override;
  Result<> close() override;

 private:
  class Copy;

  explicit SharedStore(std::shared_ptr<Copy> copy);
  asio::awaitable<Result<cp::ResourcePtr>> write_one(cp::Write::What what, cp::Resource resource, WallTime now);

  std::shared_ptr<Copy> copy_;
};

}  // namespace kumasim::scenario
