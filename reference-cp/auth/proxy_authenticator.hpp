/// Whether a proxy is who it says it is: its token against the resource that it connects for.
///
/// Only what a token names is compared: a token of a mesh alone is good for every proxy of the mesh. A zone proxy with
/// a token is of this zone, whatever the token leaves open.
#pragma once

#include <string>

#include "kumasim/transport/headers.hpp"
#include "reference-cp/auth/validator.hpp"
#include "reference-cp/model/resource.hpp"

namespace kumasim::cp {

class ProxyAuthenticator {
 public:
  struct Options {
    bool dp_tokens = true;    ///< Dataplanes need a token (dpServer.authn.dpProxy.type)
    bool zone_tokens = true;  ///< zone ingresses and egresses need one (dpServer.authn.zoneProxy.type)
    std::string zone = {};    ///< this zone, "" where it has no name
    bool federated = false;   ///< it is under a global control plane, which signs zone tokens
    ValidatorOptions dp_validator = {}, zone_validator = {};
  };

  /// `store`, `keys` and `clock` must outlive it.
  ProxyAuthenticator(Store& store, const SigningKeys& keys, const Clock& clock, Options options);

  /// What a stream says of its proxy. `proxy_type` is "dataplane", "ingress" or "egress"; `resource_text` is the
  /// resource in YAML that the proxy brings along, "" where it was stored before.
  struct Claim {
    std::string proxy_type;
    ResourceKey key;
    std::string resource_text;
  };
  /// unauthenticated with Kuma's reason. Where no token is needed, nothing is read, and only a Dataplane without a mesh
  /// is refused: a zone proxy may be of any zone then, as in Kuma.
  asio::awaitable<Result<>> authenticate(const Claim& claim, const Headers& metadata) const;

 private:
  asio::awaitable<Result<>> check_dataplane(const Claim& claim, const std::string& token) const;
  asio::awaitable<Result<>> check_zone_proxy(const Claim& claim, const std::string& token) const;
  asio::awaitable<Result<Resource>> resource_of(const Claim& claim) const;

  Store& store_;
  Options options_;
  TokenValidator dp_, zone_;
};

}  // namespace kumasim::cp
