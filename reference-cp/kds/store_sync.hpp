/// What one response of the other side does to the store: creations, updates and removals in one commit.
///
/// The rules are those of Kuma's resource syncer (pkg/kds/v2/store/sync.go): it writes to the store itself, without the
/// rules of a manager, for the other side has applied them; a Mesh that arrives in a zone brings its secrets and
/// policies with it from Global.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/clock.hpp"
#include "reference-cp/kds/delta_sink.hpp"
#include "reference-cp/kds/exchange_rules.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp::kds {

struct SyncReport {
  std::size_t created = 0;
  std::size_t updated = 0;
  std::size_t removed = 0;
  std::string refusal;                      ///< the words of a NACK, Received::refusal included; "" for an ACK
  std::vector<ResourceKey> refused;         ///< valid, but in the way of a resource of this side: not stored. As the
                                            ///< other side names them
  std::vector<std::string> replaced_zones;  ///< zones that the other side's payload named though it is another (a log
                                            ///< line on Global)
};

class StoreSync {
 public:
  /// A zone that takes what Global gives: what the zone itself made stays, and so does each resource's status.
  static StoreSync of_zone(Store& store, const Clock& clock);
  /// Global that takes what a zone gives: it touches only what came from that zone. Creations need the zone's Zone: it
  /// owns them (see remove of Zones in Manager).
  static StoreSync of_global(Store& store, const Clock& clock, GlobalTakes how);

  /// All of it or nothing. Of an initial response all stored resources of the kind that are the other side's are
  /// compared; of a later one only those that it names. A resource that is in the way of one that this side has itself
  /// is left out and named in `refusal`. Nothing is written where nothing differs.
  ///
  /// An error (the store's; not_found where Global has no such Zone) should end the stream, to begin anew with a full
  /// synchronisation. A write of somebody else that overtakes this one is made up for.
  asio::awaitable<Result<SyncReport>> apply(Received received);

 private:
  enum class Side : std::uint8_t { zone, global };
  struct Plan;
  struct Taken {
    Received received;
    std::vector<ResourceKey> sent_as;  ///< of Received::added
  };

  StoreSync(Store& store, const Clock& clock, Side side, GlobalTakes how)
      : store_(store), clock_(clock), side_(side), how_(std::move(how)) {}
  bool may_replace(const Resource& stored) const;
  Taken take(Received received, SyncReport& report) const;
  std::optional<Resource> updated(const Resource& stored, const Resource& wanted) const;
  asio::awaitable<Result<std::map<ResourceKey, ResourcePtr>>> stored(const Received& received);
  asio::awaitable<Result<Plan>> plan(const Received& received);

  Store& store_;
  const Clock& clock_;
  Side side_;
  GlobalTakes how_;
};

}  // namespace kumasim::cp::kds
