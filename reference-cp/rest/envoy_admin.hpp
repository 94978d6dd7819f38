/// GET /meshes/MESH/dataplanes/NAME/{xds,stats,clusters}, and the same of zone ingresses and egresses: what a proxy's
/// own Envoy says.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "kumasim/transport/http.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/rest/user.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// GET of a target ("/stats?usedonly=") of the admin server of this proxy's Envoy; the body of its answer.
using EnvoyAdminCall = std::function<asio::awaitable<Result<std::string>>(ResourcePtr proxy, std::string target)>;

class EnvoyAdminEndpoints {
 public:
  /// `store` must outlive it. Zone proxies of other zones than `zone` are not asked; "": all are, by a global control
  /// plane.
  EnvoyAdminEndpoints(Store& store, Access access, EnvoyAdminCall call, std::string zone = {})
      : store_(store), access_(std::move(access)), call_(std::move(call)), zone_(std::move(zone)) {}

  /// nullopt for a path that is none of these.
  asio::awaitable<std::optional<HttpResponse>> handle(const HttpRequest& request, const User& user) const;

 private:
  Store& store_;
  Access access_;
  EnvoyAdminCall call_;
  std::string zone_;
};

/// A configuration dump without the tokens that its bootstrap holds; nullopt where it is no JSON.
std::optional<std::string> without_tokens(std::string dump);

/// What a proxy that is connected here said on its stream.
struct ConnectedProxy {
  std::string peer;              ///< the host that its stream comes from
  std::uint32_t admin_port = 0;  ///< that its Envoy was started with; 0: none
};

struct AdminTarget {
  Address address;
  bool tls = true;
  bool operator==(const AdminTarget&) const = default;
};

/// Where the admin server of a proxy is asked, as in Kuma: at 127.0.0.1 without TLS, elsewhere at the listener that is
/// for the control plane. The port is the one that the proxy's stream told; of a proxy that is not connected here, the
/// one that is written, or `default_port`.
///
/// Anybody may write a Dataplane, with any address and port. Over TLS who answers has to have a certificate of the
/// admin CA for that address; without it, the proxy has to be connected here, and from this machine: not_found where it
/// is not, or has no admin server.
Result<AdminTarget> admin_target(const Resource& proxy, const std::optional<ConnectedProxy>& connected,
                                 std::uint32_t default_port);

}  // namespace kumasim::cp
