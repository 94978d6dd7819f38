/// The keys of each kind of token, kept as secrets: PREFIX-1, PREFIX-2, ...; the highest number signs, all verify.
///
/// A key is rotated by adding a secret with a higher number and removing the old one later. One token is revoked by its
/// id in the list of revocations: ids parted by commas.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "kumasim/runtime/clock.hpp"
#include "reference-cp/auth/token_key.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// Where the keys of one kind of token lie, under Kuma's names.
struct KeyFamily {
  std::string prefix;
  std::string mesh;  ///< "": global secrets
  std::string revocations;
  bool only_verify = false;  ///< the public parts of keys that another control plane signs with
};
KeyFamily dataplane_token_keys(const std::string& mesh);
KeyFamily zone_token_keys();
/// In a zone under a global control plane, which has the keys.
KeyFamily zone_token_public_keys();
KeyFamily user_token_keys();

inline constexpr const char* admin_user_token_secret = "admin-user-token";

/// Error::field of the error that says that a key is not there.
inline constexpr const char* signing_key_field = "signingKey";

class SigningKeys {
 public:
  /// Both must outlive it.
  SigningKeys(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  struct Latest {
    TokenKey key;
    std::string id;
  };
  /// not_found with field signing_key_field where the family has no key.
  asio::awaitable<Result<Latest>> latest(KeyFamily family) const;

  /// The key that a token names; not_found as above.
  asio::awaitable<Result<TokenKey>> find(KeyFamily family, std::string id) const;

  /// data_loss where the list cannot be decoded.
  asio::awaitable<Result<bool>> is_revoked(KeyFamily family, std::string token_id) const;

  using MakeKey = std::function<asio::awaitable<Result<std::string>>()>;
  /// Key 1 of a family that has none; `make` gives it as its secret holds it (base64). True where one was made.
  asio::awaitable<Result<bool>> ensure(KeyFamily family, MakeKey make) const;

  /// A global secret of these bytes, where there is none of that name.
  asio::awaitable<Result<>> put_global(std::string name, std::string bytes) const;
  /// An error is the store's: whether there is one is not known then.
  asio::awaitable<Result<bool>> has_global(std::string name) const;

 private:
  asio::awaitable<Result<List>> list(const KeyFamily& family) const;

  Store& store_;
  const Clock& clock_;
};

}  // namespace kumasim::cp
