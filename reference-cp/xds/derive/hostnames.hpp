/// Host names that HostnameGenerators give to destinations.
#pragma once

#include <string>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::derive {

/// Writes `addresses` and `hostnameGenerators` into the status of destinations of one kind; `selector` is its name in
/// a HostnameGenerator. Of two that would get one name the older keeps it; a template that fails says why. REQUIRES:
/// every status is an object.
void hostnames(const MeshView& mesh, std::vector<Resource*> services, const char* selector);

/// A HostnameGenerator's template for a resource: `{{ .Name }}`, `.DisplayName`, `.Namespace`, `.Mesh`, `.Zone`,
/// `{{ label "key" }}`. An error, in Kuma's words, where it asks for a label or field that is not there; empty for
/// other actions.
Result<std::string> try_hostname(const std::string& text, const Meta& meta, const std::string& local_zone);
/// The same, empty in place of an error.
std::string hostname(const std::string& text, const Meta& meta, const std::string& local_zone);

}  // namespace kumasim::cp::derive
