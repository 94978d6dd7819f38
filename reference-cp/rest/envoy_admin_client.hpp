/// Asks the admin servers of proxies' Envoys, over mutual TLS where they are not on this machine.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "kumasim/runtime/offload.hpp"
#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/tls.hpp"
#include "reference-cp/identity/admin_certificates.hpp"
#include "reference-cp/rest/envoy_admin.hpp"

namespace kumasim::cp {

class EnvoyAdminClient {
 public:
  struct Options {
    KeySpec key;                 ///< of the certificate that it shows
    Offload* offload = nullptr;  ///< makes it, where that takes long
  };

  /// The parts of `runtime`, `certificates` and the offload must outlive it.
  EnvoyAdminClient(const Runtime& runtime, AdminCertificates& certificates, Options options)
      : runtime_(runtime), certificates_(certificates), options_(options) {}

  /// GET; the body of the answer. unavailable where that is none of success, else as http_call. REQUIRES: the
  /// certificates have been started.
  asio::awaitable<Result<std::string>> get(AdminTarget where, std::string target);

  /// For all of a call, as in Kuma.
  static constexpr Duration call_duration_max = std::chrono::seconds(5);

 private:
  asio::awaitable<Result<std::shared_ptr<const TlsContext>>> tls();

  Runtime runtime_;
  AdminCertificates& certificates_;
  Options options_;
  /// Made when it is first needed, and kept: whoever changes the CA starts the control planes anew (Kuma's rule).
  std::shared_ptr<const TlsContext> tls_;
};

}  // namespace kumasim::cp
