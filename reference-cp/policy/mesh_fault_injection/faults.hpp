/// Envoy's fault filters in a listener.
#pragma once

#include <map>
#include <span>
#include <string>

namespace envoy::extensions::filters::http::fault::v3 {
class HTTPFault;
}
namespace envoy::config::listener::v3 {
class Listener;
}

namespace kumasim::cp::policy {
struct Rule;

namespace mesh_fault_injection {
struct Fault;

/// The filter of a fault, for every client.
::envoy::extensions::filters::http::fault::v3::HTTPFault fault_filter(const Fault& fault);
/// Matches a value of the tags header that holds all of these tags; "*" is any value of a tag that is there.
std::string tags_expression(const std::map<std::string, std::string>& tags);

/// Every HTTP connection manager of the listener: one filter for each fault of each rule, for the clients of the rule's
/// subset, which Envoy knows by the header that their proxies send.
void inject(::envoy::config::listener::v3::Listener& listener, std::span<const Rule> rules);

}  // namespace mesh_fault_injection
}  // namespace kumasim::cp::policy
