/// Reading a Dataplane: its inbounds with Kuma's defaults applied, its tags.
#pragma once

#include <string>
#include <vector>

#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

/// All inbounds in the Dataplane's order.
std::vector<Inbound> inbounds_of(const Resource& dataplane);
/// Where others reach an inbound: the advertised address where there is one.
std::string advertised_address(const Resource& dataplane, const Inbound& inbound);
/// Tag -> its values over all inbounds, or over the gateway's tags for a gateway.
std::map<std::string, std::set<std::string>, std::less<>> tag_values(const Resource& dataplane);
/// Some inbound (or the gateway) has all of these tags; "*" matches any value.
bool dataplane_matches(const Resource& dataplane, const Tags& selector);
/// `tags` has every pair of the selector; "*" in the selector matches any value, also none.
bool tags_match(const Tags& tags, const Tags& selector);

}  // namespace kumasim::cp
