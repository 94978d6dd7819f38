/// Envoy resources that people write as text in a policy: where they are. What is wrong with one is told by who knows
/// Envoy's API (reference-cp/xds/text/envoy_text_error.hpp); the model does not.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

/// A change to what the control plane makes, as MeshProxyPatch and ProxyTemplate name it, and the message of its value.
struct EnvoyChange {
  const char* field;
  const char* message;
  bool filter;
};

inline constexpr std::array<EnvoyChange, 5> envoy_changes = {{
    {"cluster", "envoy.config.cluster.v3.Cluster", false},
    {"listener", "envoy.config.listener.v3.Listener", false},
    {"virtualHost", "envoy.config.route.v3.VirtualHost", false},
    {"networkFilter", "envoy.config.listener.v3.Filter", true},
    {"httpFilter", "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter", true},
}};

struct EnvoyText {
  Path path{};
  std::string text{};
  std::string type{};   ///< full name of Envoy's message; google.protobuf.Any for a text that names its own
  bool whole = false;   ///< a patch need not have all that Envoy requires
  std::size_t place{};  ///< how many of the violations that Kind::validate finds come before what is wrong with it
};
using EnvoyTexts = std::vector<EnvoyText>;

/// Why a text is none of its type, in Kuma's words; "" for a good one.
using EnvoyTextError = std::function<std::string(const EnvoyText&)>;

/// Those that Kuma checks, in the resource's order; none for kinds that have no such texts.
EnvoyTexts envoy_texts(const Resource& resource);

/// Kind::validate, and what `error` says of the texts, where Kuma says it.
void validate_with_texts(const Resource& resource, const EnvoyTextError& error, Violations& out);

}  // namespace kumasim::cp
