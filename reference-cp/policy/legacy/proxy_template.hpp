/// ProxyTemplate (old: MeshProxyPatch): what is generated for a proxy, and changes to it.
#pragma once

#include "kumasim/runtime/error.hpp"
#include "reference-cp/model/resource.hpp"

namespace kumasim::cp {
class MeshView;
class ResourceSet;
struct ProxyView;

namespace policy::legacy::proxy_template {

/// The template with the most specific selector that matches the proxy; among equals the youngest, then the first name.
/// nullptr where there is none.
ResourcePtr find(const ProxyView& proxy, const MeshView& mesh);

/// Whether what Kuma generates by itself is wanted: without a template, or with one that imports a profile.
bool imports_profile(const ResourcePtr& found);

/// The template's own resources, then its modifications. Fails where one of them is none, or cannot be done. REQUIRES:
/// everything else is there.
Result<> apply(ResourceSet& resources, const Resource& found);

}  // namespace policy::legacy::proxy_template
}  // namespace kumasim::cp
