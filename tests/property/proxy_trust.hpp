/// What a simulated proxy's configuration lets through: plaintext, or peers that nobody vouches for.
#pragma once

#include <string>

#include "sim/envoy/config/certificate.hpp"
#include "sim/envoy/config/state.hpp"

namespace kumasim::testing {

/// Of a sidecar of a mesh with strict mutual TLS: a cluster of other proxies or an inbound listener without TLS on
/// which both ends are verified. "" for none.
std::string unprotected(const sim::proxy::ConfigState& sidecar);

/// Why one of two proxies would not take the other's certificate now; "" where both do, or where one of them has none
/// yet. `verified` keeps verdicts.
std::string distrust(const sim::proxy::ConfigState& one, const sim::proxy::ConfigState& other,
                     sim::proxy::CertificateStore& verified, WallTime now);

}  // namespace kumasim::testing
