/// One row of a builtin gateway's routing table, whichever kind of route it comes from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference-cp/xds/endpoint.hpp"

namespace kumasim::cp::gateway {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Of the three paths one is set at most.
struct EntryMatch {
  std::string exact_path, prefix_path, regex_path;
  std::string method;
  Pairs exact_headers, regex_headers, prefix_headers;
  std::vector<std::string> absent_headers, present_headers;
  Pairs exact_query, regex_query;

  std::size_t headers() const {
    return exact_headers.size() + regex_headers.size() + absent_headers.size() + present_headers.size();
  }
  bool operator==(const EntryMatch&) const = default;
};

/// The order in which Envoy is to try them: exact paths, long prefixes, long expressions; then by further conditions.
bool more_specific(const EntryMatch& a, const EntryMatch& b);

struct Rewrite {
  std::optional<std::string> full_path, prefix, hostname;
  bool host_from_backend = false;
  bool operator==(const Rewrite&) const = default;
};

struct Redirect {
  std::uint32_t status = 0;
  std::string scheme, host;
  std::uint32_t port = 0;  ///< 0: the listener's
  std::optional<Rewrite> path;
  bool operator==(const Redirect&) const = default;
};

/// A service with tags, or a port of a Mesh*Service.
struct Destination {
  Tags tags;     ///< kuma.io/service among them: for a resource, the name of its port; none where it does not exist
  Kri resource;  ///< with the port as section; empty for a service with tags
  std::uint32_t weight = 0;
  std::string protocol;  ///< of the route: http, tcp, or empty
  std::string cluster;   ///< set when the clusters are made

  std::string service() const;
  bool operator==(const Destination&) const = default;
};

struct Mirror {
  double percentage = 0;
  Destination to;
  bool operator==(const Mirror&) const = default;
};

struct HeaderEdits {
  Pairs set, add;
  std::vector<std::string> remove;
  bool operator==(const HeaderEdits&) const = default;
};

/// The entries of one rule share its rewrite and redirect: what prefix matches do to them shows in all.
struct Entry {
  std::string name;
  std::string route;  ///< the MeshGatewayRoute that it is from; for people, not part of the content
  EntryMatch match;
  std::vector<Destination> forward;
  std::shared_ptr<Redirect> redirect;
  std::shared_ptr<Rewrite> rewrite;
  std::optional<Mirror> mirror;
  std::optional<HeaderEdits> request_headers, response_headers;

  /// By content.
  bool operator==(const Entry& other) const;
  /// The mirror's and the forwards' destinations.
  std::vector<Destination*> destinations();
};

/// A backend that does not exist: Envoy answers 500 for a cluster of this name.
inline constexpr char unresolved[] = "kuma.io/unresolved-backend";

/// A prefix stands for whole path segments: it becomes an exact match of its path and a prefix that ends in "/"
/// (Gateway API, HTTPRoute path match). Exact matches that are there already win over the former.
std::vector<Entry> split_prefixes(std::vector<Entry> entries);

}  // namespace kumasim::cp::gateway
