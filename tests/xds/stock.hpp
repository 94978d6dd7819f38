/// A service that every mesh of wide_mesh.hpp has, with a proxy that offers it, one that uses it by its name and one
/// that uses it in combination only; and changes to it that reach nobody else: what such a change misses nothing makes
/// good.
#pragma once

#include "tests/xds/wide_mesh.hpp"

namespace kumasim::cp {

std::vector<WideWrite> stock_writes();
/// The service's port leads elsewhere, or the proxy that offers it gets a certificate.
rc::Gen<WideWrite> stock_change();

}  // namespace kumasim::cp
