/// Which set fields of a received resource the simulated Envoy does not interpret: what a report has to own up to.
#pragma once

#include <set>
#include <string>

namespace google::protobuf {
class Message;
}

namespace kumasim::sim::proxy {

/// Names as `envoy.config.cluster.v3.Cluster.dns_lookup_family`, and those of extensions that are not run as
/// `envoy.extensions.filters.http.lua.v3.Lua`. Fields that cannot show in simulated traffic (names of statistics,
/// access logs, buffers, sockets) are left out. A value of an interpreted field that is taken for another one is not
/// noticed.
std::set<std::string> unread_fields(const ::google::protobuf::Message& message);

/// Entries of the tables behind it that name no message or field of the API: none, or a table is wrong.
std::set<std::string> unknown_entries();

}  // namespace kumasim::sim::proxy
