/// The server certificate that a control plane makes for itself and keeps on its disk.
#pragma once

#include <string>
#include <vector>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/tls.hpp"
#include "reference-cp/identity/certificate.hpp"

namespace kumasim::cp {

/// Kuma's names of the two files in the work directory.
inline constexpr const char* server_certificate_file = "kuma-cp.crt";
inline constexpr const char* server_key_file = "kuma-cp.key";

/// The pair on the disk, or a new one for `hosts` that is written there. data_loss where the files do not fit each
/// other.
Result<TlsIdentity> server_identity(const Runtime& runtime, const std::vector<std::string>& hosts, KeySpec key);

}  // namespace kumasim::cp
