/// Who asks: the administrator where the request comes from this machine, else who the token or the certificate says.
#pragma once

#include <cstdint>

#include "kumasim/runtime/log.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/auth/validator.hpp"
#include "reference-cp/rest/user.hpp"

namespace kumasim::cp {

class Authentication {
 public:
  enum class Type : std::uint8_t {
    tokens,              ///< a user token in the header `authorization`
    admin_client_certs,  ///< who shows a client certificate that the server trusts is the administrator
  };
  struct Options {
    Type type = Type::tokens;
    bool localhost_is_admin = true;
    ValidatorOptions validator = {};
  };

  /// `keys`, `clock` and `log` must outlive it.
  Authentication(const SigningKeys& keys, const Clock& clock, Log& log, Options options);

  /// unauthenticated where a token is there that does not count.
  asio::awaitable<Result<User>> user_of(const HttpRequest& request) const;

 private:
  Log& log_;
  Options options_;
  TokenValidator tokens_;
};

/// Whether a request was made on this machine, by no proxy and for no foreign page of a browser: from a loopback
/// address, to a loopback name, without headers of a proxy, and of the same origin.
bool is_direct_loopback(const HttpRequest& request);

}  // namespace kumasim::cp
