/// Reading MeshIdentities and MeshTrusts: which one a proxy gets, the SPIFFE ID that it makes, whose CAs are believed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::mesh_identity {

/// The one that selects a proxy with these labels: of several that with the most labels, then the first by name;
/// nullptr where none does. One without a selector selects nobody.
const Resource* matched(const MeshView& mesh, const Meta& proxy);

/// Its condition Ready holds: what it needs has been made.
bool is_ready(const Resource& identity);

/// spec.spiffeID.trustDomain with what it names of `of`, whose labels and mesh these are; `<mesh>.<zone>.mesh.local`
/// where it says nothing. Kuma asks the identity for a proxy's certificate and the Dataplane for a service's status.
Result<std::string> trust_domain(const Resource& identity, const Meta& of, const std::string& local_zone);

/// `spiffe://` with the trust domain and spec.spiffeID.path filled in for a proxy.
Result<std::string> spiffe_id(const Resource& identity, const std::string& trust_domain, const Meta& proxy);

/// Of all MeshTrusts: trust domain -> certificates of its CAs (PEM).
std::map<std::string, std::string> trust_bundles(const MeshView& mesh);

/// Rules of the SPIFFE standard (SPIFFE-ID, section 2), in the words of go-spiffe.
Result<> check_trust_domain(std::string_view name);
Result<> check_spiffe_id(std::string_view id);

}  // namespace kumasim::cp::mesh_identity
