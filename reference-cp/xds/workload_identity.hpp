/// The identity that a MeshIdentity gives a proxy, made outside of generation.
#pragma once

#include <string>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp {

struct WorkloadIdentity {
  std::string kri = {};  ///< of the MeshIdentity; the certificate's secret has this name
  std::string spiffe_id = {};
  std::string certificate_pem = {}, key_pem = {};  ///< "" where an agent hands them out

  /// SPIRE's agent beside the proxy hands out the certificate, named by the SPIFFE ID, and all bundles.
  bool by_agent = false;
  std::string agent_socket = {};
  Duration agent_timeout = std::chrono::seconds(1);

  bool operator==(const WorkloadIdentity&) const = default;
};

}  // namespace kumasim::cp
