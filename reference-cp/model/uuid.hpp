/// Random identifiers.
#pragma once

#include <string>

#include "kumasim/runtime/random.hpp"

namespace kumasim::cp {

/// A random UUID (RFC 9562, version 4).
std::string make_uuid(Random& random);

}  // namespace kumasim::cp
