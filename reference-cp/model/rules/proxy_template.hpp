/// Rules of ProxyTemplate (old policy): which fields go with which operation.
#pragma once

#include "reference-cp/model/rules/envoy_text.hpp"

namespace kumasim::cp {

/// All of the kind's rules; `texts` gets Envoy's resources that are written in it.
void validate_proxy_template(const Resource& resource, Violations& out, EnvoyTexts& texts);

}  // namespace kumasim::cp
