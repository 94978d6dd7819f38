/// The store in PostgreSQL that the configuration names.
#pragma once

#include <memory>

#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/leader/leadership.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// Which of the control planes of this database leads. REQUIRES, as what follows does: a store of type postgres.
std::unique_ptr<Election> make_election(const Config& config, live::LiveRuntime& live);

/// A store that others write to as well, and whether what is in memory follows them now.
struct FollowingStore {
  std::shared_ptr<Store> store;
  std::function<bool()> follows;
};

/// Runs the context until the store is open, or will not open. REQUIRES: nothing runs there.
Result<FollowingStore> open_postgres_store(const Config& config, live::LiveRuntime& live);

/// `kuma-cp migrate up`: true where the tables were made, false where they were there.
Result<bool> migrate_postgres_store(const Config& config, live::LiveRuntime& live);

}  // namespace kumasim::cp
