/// A mesh's mutual TLS as its resource and its secrets say it: which CA issues, which are trusted, for how long.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/time.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/rules/backend_conf.hpp"

namespace kumasim::cp {

/// Names of the secrets in which the builtin CA keeps a backend's certificate and key.
std::string builtin_certificate_secret(std::string_view mesh, std::string_view backend);
std::string builtin_key_secret(std::string_view mesh, std::string_view backend);

/// A shorter `dpCert.rotation.expiration` counts as this: certificates end on whole seconds, and every renewal is a
/// push to the proxy. (Kuma takes any duration, 0 too, and then issues certificates that have ended.)
inline constexpr Duration leaf_lifetime_min = std::chrono::seconds(10);

/// One entry of `mtls.backends`.
struct CaBackend {
  std::string name;
  std::string type;  ///< builtin, provided
  KeySpec ca_key;    ///< of a builtin CA that is to be made; not allowed() where the mesh asks for such a size
  Result<Duration> ca_lifetime = ca_lifetime_default;  ///< of such a CA; invalid_argument where it cannot be read
  Duration leaf_lifetime = leaf_lifetime_default;  ///< at least leaf_lifetime_min
  BackendConf conf;  ///< no CA is made where it is not the message that its type asks for
};

/// The `conf` of an entry of `mtls.backends` as the message that its type asks for; as it is written where it is not
/// that message or the type is not known.
BackendConf ca_conf(const nlohmann::json& backend);

/// `mtls.backends` in order; invalid_argument with the field where the lifetime of proxies' certificates cannot be
/// read.
Result<std::vector<CaBackend>> ca_backends(const Resource& mesh);
/// `mtls.enabledBackend`; "" where mutual TLS is off.
std::string enabled_backend(const Resource& mesh);

/// Finds a Secret of the mesh by name; nullptr where there is none.
using SecretLookup = std::function<const Resource*(std::string_view name)>;

/// What certificates of a mesh are made from. Equal values give equal certificates' contents.
struct MeshTls {
  std::string mesh;
  std::string backend;
  KeyPair ca;
  Duration leaf_lifetime = leaf_lifetime_default;
  bool operator==(const MeshTls&) const = default;
};

/// nullopt where the mesh has no mutual TLS; not_found where a secret that it needs is not (yet) there.
Result<std::optional<MeshTls>> mesh_tls(const Resource& mesh, const SecretLookup& secrets);

/// The bytes of a Secret resource (its `data` is base64).
std::string secret_data(const Resource& secret);
/// A Secret resource that holds these bytes, ready for the store.
Resource make_secret(std::string mesh, std::string name, std::string_view bytes);

/// Kuma's durations in CA settings: "10y", "30d", "12h"; one number and one unit of y w d h m s ms, years of 365 days.
std::optional<Duration> parse_lifetime(std::string_view text);

/// All tags of a Dataplane: of its inbounds and its gateway.
TagSet dataplane_tags(const Resource& dataplane);

}  // namespace kumasim::cp
