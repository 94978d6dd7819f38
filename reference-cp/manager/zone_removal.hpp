/// What goes with a Zone that is removed at Global: all that the zone has given it.
#pragma once

#include <string>
#include <vector>

#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// The removals of all that carries the zone's name and the mark of a zone's making (labels kuma.io/zone and
/// kuma.io/origin), and of the Zone itself: for one commit. Kuma makes the Zone the owner of what it brings. Only for
/// Global's store: in a zone, all that was made there carries these labels. not_found where there is no such Zone.
asio::awaitable<Result<std::vector<Write>>> zone_removal(Store& store, std::string zone);

/// Whether a stream of the zone is open, as its ZoneInsight tells.
asio::awaitable<Result<bool>> is_zone_connected(Store& store, std::string zone);

}  // namespace kumasim::cp
