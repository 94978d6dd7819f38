/// The secrets that a control plane makes where they are not there: the CA between control planes, the keys of zones'
/// and users' tokens, and the administrator's token.
#pragma once

#include "kumasim/runtime/offload.hpp"
#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/auth/issuer.hpp"
#include "reference-cp/auth/signing_keys.hpp"
#include "reference-cp/manager/authorities.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

class FirstSecrets {
 public:
  struct Parts {
    Store& store;
    Authorities& authorities;
    SigningKeys& signing_keys;
    TokenIssuer& issuer;
    KeySpec ca_key;
    Offload* offload;
  };

  /// All must outlive it.
  FirstSecrets(const Runtime& runtime, const Config& config, Parts parts)
      : runtime_(runtime), config_(config), parts_(parts) {}

  /// Tries until all are there. After the start: an RSA key takes time, and nobody waits for one.
  asio::awaitable<void> make();

 private:
  asio::awaitable<bool> try_once();
  asio::awaitable<Result<>> ensure_admin_token();

  Runtime runtime_;
  const Config& config_;
  Parts parts_;
};

}  // namespace kumasim::cp
