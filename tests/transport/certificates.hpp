/// Certificates for tests of TLS: an authority and leaves of any validity.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "kumasim/transport/tls.hpp"

namespace kumasim::testing {

struct LeafOptions {
  std::string common_name = "localhost";
  std::vector<std::string> names = {"DNS:localhost", "DNS:server", "IP:127.0.0.1"};  ///< OpenSSL's form
  WallTime not_before = WallTime(std::chrono::seconds(1'600'000'000));
  WallTime not_after = WallTime(std::chrono::seconds(4'000'000'000));
};

TlsIdentity make_authority(const std::string& name);
TlsIdentity make_leaf(const TlsIdentity& authority, const LeafOptions& options);

}  // namespace kumasim::testing
