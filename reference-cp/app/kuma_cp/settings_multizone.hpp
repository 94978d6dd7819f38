/// The settings of multi-zone deployments: of the global control plane, of a zone under it, and of their connection.
#pragma once

#include <span>

#include "kumasim/transport/url.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"

namespace kumasim::cp {

/// Further lines of settings().
std::span<const Setting> multizone_settings();

/// As Kuma judges them, those of its mode only. Errors name the setting.
Result<> check_multizone(const Config& config);

/// multizone.zone.globalAddress: grpc://HOST:PORT, or grpcs:// for TLS; without a port 443. invalid_argument.
Result<Url> parse_global_address(const std::string& text);

}  // namespace kumasim::cp
