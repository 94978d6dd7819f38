/// What a server of the control plane listens on, and serves by TLS with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kumasim/runtime/network.hpp"
#include "kumasim/transport/tls.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"

namespace kumasim::cp {

/// Errors name the setting (already_exists: the port is taken).
Result<> open_port(Network& network, Listener& listener, const std::string& interface, std::uint32_t port,
                   const char* setting);

struct ServerTls {
  TlsIdentity identity;
  TlsSettings bounds;
  std::string setting;  ///< of the server: "dpServer"
  TlsPeerCheck peer = TlsPeerCheck::none;
  std::string client_roots = {};  ///< PEM; where `peer` asks for a certificate
};
/// For HTTP of both versions; errors name the setting.
Result<std::shared_ptr<const TlsContext>> make_server_tls(const ServerTls& tls);

}  // namespace kumasim::cp
