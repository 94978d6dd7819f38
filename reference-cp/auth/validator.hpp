/// Verifying tokens: signature by a configured or a stored key, time, and the list of revocations.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reference-cp/auth/signing_keys.hpp"

namespace kumasim::cp {

/// A key of tokens that are issued elsewhere (`publicKeys` of the configuration).
struct OfflineKey {
  std::string kid;
  std::string pem;
  std::string mesh = {};  ///< "": of every mesh
};

struct ValidatorOptions {
  bool use_secrets = true;
  std::vector<OfflineKey> public_keys = {};
  bool memory_store = false;  ///< said in errors: keys do not outlive the process
};

class TokenValidator {
 public:
  /// `keys` and `clock` must outlive it.
  TokenValidator(const SigningKeys& keys, const Clock& clock, ValidatorOptions options)
      : keys_(keys), clock_(clock), options_(std::move(options)) {}

  /// The claims of a token that counts; unauthenticated with Kuma's reason for any other.
  asio::awaitable<Result<nlohmann::json>> validate(std::string token, KeyFamily family) const;

 private:
  asio::awaitable<Result<TokenKey>> find_key(const KeyFamily& family, const std::string& kid) const;
  std::unexpected<Error> refuse(const Error& reason) const;

  const SigningKeys& keys_;
  const Clock& clock_;
  ValidatorOptions options_;
};

}  // namespace kumasim::cp
