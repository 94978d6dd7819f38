/// The store in memory, alone or written through to a Persistence.
#pragma once

#include <memory>

#include "reference-cp/store/persistence.hpp"
#include "reference-cp/store/store.hpp"
#include "reference-cp/store/tables.hpp"

namespace kumasim::cp {

/// Reads never leave memory. It belongs to one executor; its operations never wait, so each is atomic among the others.
class MemoryStore : public Store {
 public:
  MemoryStore() = default;

  /// Loads what `persistence` holds; from then on a write is acknowledged once it is durable there.
  static Result<std::unique_ptr<MemoryStore>> open(std::unique_ptr<Persistence> persistence);

  asio::awaitable<Result<ResourcePtr>> get(const Kind& kind, ResourceKey key) override;
  asio::awaitable<Result<ResourcePtr>> create(Resource resource, WallTime now) override;
  asio::awaitable<Result<ResourcePtr>> update(Resource resource, WallTime now) override;
  asio::awaitable<Result<>> remove(const Kind& kind, ResourceKey key) override;
  asio::awaitable<Result<std::vector<ResourcePtr>>> commit(std::vector<Write> writes, WallTime now) override;
  asio::awaitable<Result<List>> list(const Kind& kind, ListOptions options) override;
  void subscribe(std::function<void(const Change&)> on_change) override;
  Result<> close() override;

 private:
  /// What the write would change; nothing is changed yet.
  Result<std::vector<Change>> plan(Write write, WallTime now) const;
  /// The whole of commit(), which does not wait.
  Result<std::vector<ResourcePtr>> write(std::vector<Write> writes, WallTime now);
  Result<ResourcePtr> write_one(Write::What what, Resource resource, WallTime now);

  ResourceTables tables_;
  std::unique_ptr<Persistence> persistence_;
  bool closed_ = false;
  std::vector<std::function<void(const Change&)>> subscribers_;
};

}  // namespace kumasim::cp
