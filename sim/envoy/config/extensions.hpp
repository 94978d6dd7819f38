/// The extensions that the simulated Envoy has been built with, by category, and how it reports one that it lacks.
#pragma once

#include <string>

#include "sim/envoy/config/checked.hpp"

namespace kumasim::sim::proxy {

enum class ExtensionCategory { network_filter, http_filter, listener_filter, transport_socket, access_logger, other };

/// Envoy finds a factory by the type of the typed_config, never by the name, so only the type can be unknown.
Checked<> known_extension(ExtensionCategory category, const std::string& name, const std::string& type_url);

}  // namespace kumasim::sim::proxy
