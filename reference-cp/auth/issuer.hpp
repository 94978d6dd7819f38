/// Issuing tokens: who a proxy, a zone proxy or a user is, signed, for a time.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kumasim/runtime/random.hpp"
#include "reference-cp/auth/signing_keys.hpp"
#include "reference-cp/identity/certificate.hpp"

namespace kumasim::cp {

/// Whom a token is for. Empty fields do not bind.
struct DataplaneIdentity {
  std::string mesh = {};
  std::string name = {};
  std::string type = {};
  TagSet tags = {};
};
struct ZoneIdentity {
  std::string zone = {};
  std::vector<std::string> scope = {};
};
struct UserIdentity {
  std::string name = {};
  std::vector<std::string> groups = {};
  bool has_groups = true;  ///< false is written as null
};

nlohmann::json to_claims(const DataplaneIdentity& identity);
nlohmann::json to_claims(const ZoneIdentity& identity);
nlohmann::json to_claims(const UserIdentity& identity);

/// How long a token lives that is asked for without a time.
inline constexpr Duration token_lifetime_default = std::chrono::hours(24) * 365 * 10;

struct TokenTimes {
  WallTime now;
  Duration valid_for;
};
/// The claims with id and times, signed. A token counts from 5 s ago, for clocks that are behind (Kuma's skew).
Result<std::string> sign_token(const TokenKey& key, const std::string& kid, nlohmann::json claims, TokenTimes times,
                               Random& random);

class TokenIssuer {
 public:
  /// All must outlive it.
  TokenIssuer(const SigningKeys& keys, const Clock& clock, Random& random)
      : keys_(keys), clock_(clock), random_(random) {}

  /// Signed with the family's latest key. Errors as of SigningKeys::latest.
  asio::awaitable<Result<std::string>> issue(KeyFamily family, nlohmann::json claims, Duration valid_for) const;

 private:
  const SigningKeys& keys_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace kumasim::cp
