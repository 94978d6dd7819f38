/// What a TLS side has in its hands at the moment of a handshake, and whether it accepts its peer.
#pragma once

#include <optional>
#include <string>

#include "sim/envoy/config/state.hpp"

namespace kumasim::sim::proxy {

struct Wire;

/// A context with its secrets filled in.
struct TlsMaterial {
  ChainPtr certificate;
  std::optional<Validation> validation;
  bool secrets_missing = false;
};

TlsMaterial material(const TlsContext& context, const ConfigState& config);

/// Below TLS 1.3, of what both offer (none: Envoy's own) one suits the server's key.
bool share_cipher(const std::vector<std::string>& client, const std::vector<std::string>& server, bool elliptic);

/// Empty: accepted. Otherwise Envoy's transport failure reason. Without a bundle everybody is accepted (Envoy's
/// default).
std::string judge(const std::optional<Validation>& validation, const CertificateChain& peer, CertificateStore& store,
                  WallTime now);

/// The client's side: judges the server that has shown its certificate, as judge() does, and takes what the client
/// shows it. Handshakes are counted for the cluster.
std::string meet_server(Wire& wire, const TlsContext& context, ConfigState& config, const std::string& cluster,
                        CertificateStore& store, WallTime now);

/// The first URI name, which is the SPIFFE identity of a mesh certificate; empty where there is none.
std::string spiffe_id(const ChainPtr& chain);

}  // namespace kumasim::sim::proxy
