/// A network of its own in which every address is local: any listener binds, any endpoint can be connected to.
#pragma once

#include <memory>

#include "reference-cp/live/net_namespace.hpp"

namespace kumasim::test {

using NetworkPtr = std::shared_ptr<const live::NetNamespace>;

/// Its loopback is up, and routes take every IPv4 and IPv6 address to it (Linux's AnyIP), so nothing leaves and nobody
/// outside is disturbed. It ends with its last socket and process. permission_denied without CAP_SYS_ADMIN.
Result<NetworkPtr> make_network();

}  // namespace kumasim::test
