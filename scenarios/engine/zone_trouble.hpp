/// What faults do to Global's store, as somebody does who writes to it beside Global.
#pragma once

#include <functional>
#include <string>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::scenario {

/// Works on a store in its control plane's process, until it is done; an error that may pass is tried again, any other
/// ends it.
using StoreWork = std::function<asio::awaitable<Result<>>(cp::Store& store, Runtime& runtime)>;

/// The Zone goes, with all that came from it.
StoreWork remove_zone_of(std::string zone);

/// A policy of the mesh that no zone takes is there, or not.
StoreWork put_refused_policy(std::string mesh, bool there);

}  // namespace kumasim::scenario
