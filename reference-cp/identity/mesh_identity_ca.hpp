/// The CA that signs for a MeshIdentity whose provider is Bundled: made here and kept as secrets, or given.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/time.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/resource.hpp"

namespace kumasim::cp {

/// The bytes of a file ("File") or of an environment variable ("EnvVar") by its name.
using ReadOutside = std::function<Result<std::string>(std::string_view type, const std::string& name)>;

/// Names of the secrets in which a CA that is made is kept: `<display name>-root-ca` and `<display name>-private-key`.
std::string identity_certificate_secret(const Resource& identity);
std::string identity_key_secret(const Resource& identity);

bool is_bundled(const Resource& identity);
/// `autogenerate.enabled`: the control plane makes the CA.
bool makes_ca(const Resource& identity);
/// `insecureAllowSelfSigned`.
bool allows_self_signed(const Resource& identity);
/// `meshTrustCreation`, Enabled where it says nothing.
bool makes_trust(const Resource& identity);
/// `certificateParameters.expiry`, a day where it says nothing, and at least leaf_lifetime_min.
Duration certificate_lifetime(const Resource& identity);

/// Where a CA that is given can be. Files and variables are the control plane's own; absent: none are read.
struct CaSources {
  SecretLookup secrets;
  ReadOutside outside = nullptr;
};

/// The certificate alone: `not_found` where its secret is not there (yet).
Result<std::string> identity_ca_certificate(const Resource& identity, const CaSources& sources);
/// With its key.
Result<KeyPair> identity_ca(const Resource& identity, const CaSources& sources);

}  // namespace kumasim::cp
