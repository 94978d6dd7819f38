/// Filter chains of a builtin gateway's listeners.
#pragma once

#include "kumasim/runtime/error.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/gateway/listener.hpp"
#include "reference-cp/xds/generate/generation.hpp"

namespace kumasim::cp::gateway {

/// Adds Envoy's listener, and the certificates that it shows. Fails where one of these cannot be read: a gateway with
/// only a part of its hosts is none.
/// REQUIRES: the destinations have their clusters.
Result<> add_listener(generators::Generation& g, const Listener& listener);

}  // namespace kumasim::cp::gateway
