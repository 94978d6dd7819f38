/// Who asks: the administrator where the request comes from this machine, else who the token or the certificate says.
#pragma once

#include <cstdint>
#include <string_view>

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
/// address, to a loopback name, without headers of a proxy, and of the same origin. A reverse proxy on this machine
/// that adds no header and asks `localhost` (nginx does, unless it is told more) cannot be told from a user: behind
/// one, apiServer.authn.localhostIsAdmin has to be off.
bool is_direct_loopback(const HttpRequest& request);

/// "localhost", 127.0.0.0/8 or ::1, in any form.
bool is_loopback(std::string_view host);

}  // namespace kumasim::cp
