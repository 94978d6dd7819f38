/// POST /tokens/dataplane, /tokens/zone and /tokens/user: issuing tokens over REST.
#pragma once

#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "kumasim/transport/http.hpp"
#include "reference-cp/auth/issuer.hpp"
#include "reference-cp/rest/user.hpp"

namespace kumasim::cp {

class TokenEndpoints {
 public:
  struct Options {
    Access access = {};
    /// Whether this control plane issues such tokens (`enableIssuer` of each).
    bool dataplane = true;
    bool zone = true;
    bool user = true;
    /// GET /tokens/user and the rest of it are there (apiServer.authn.type is `tokens`).
    bool user_tokens_served = true;
  };

  /// `issuer` must outlive it.
  TokenEndpoints(const TokenIssuer& issuer, Options options) : issuer_(issuer), options_(std::move(options)) {}

  /// nullopt for a path that is none of these.
  asio::awaitable<std::optional<HttpResponse>> handle(const HttpRequest& request, const User& user) const;

 private:
  asio::awaitable<HttpResponse> dataplane(const nlohmann::json& body, const User& user) const;
  asio::awaitable<HttpResponse> zone(const nlohmann::json& body, const User& user) const;
  asio::awaitable<HttpResponse> user(const nlohmann::json& body) const;

  /// One signed token as the answer.
  struct Order {
    bool enabled;
    KeyFamily family;
    Duration valid_for;
  };
  asio::awaitable<HttpResponse> issue(Order order, nlohmann::json claims) const;

  const TokenIssuer& issuer_;
  Options options_;
};

}  // namespace kumasim::cp
