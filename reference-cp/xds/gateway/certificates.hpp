/// Certificates that a gateway shows to its clients.
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace envoy::extensions::transport_sockets::tls::v3 {
class Secret;
}

namespace kumasim::cp {
class MeshView;

namespace gateway {

using Secret = ::envoy::extensions::transport_sockets::tls::v3::Secret;

/// The secret of a data source of a listener: one private key and its certificates in one PEM text. Named after the
/// kind of key and where it comes from, for an inline one after the hostname, so that one source is one secret. Fails
/// where the source cannot be read, or does not hold one RSA or EC key and a certificate at least.
Result<std::unique_ptr<Secret>> server_secret(const MeshView& mesh, const nlohmann::json& source,
                                              const std::string& hostname);

}  // namespace gateway
}  // namespace kumasim::cp
