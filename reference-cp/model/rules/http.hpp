/// What HTTP allows: status codes by number, headers that may be changed.
#pragma once

#include <string_view>

#include "reference-cp/model/violation.hpp"

namespace kumasim::cp {

/// A registered status code in decimal (RFC 9110, section 15, and IANA's registry as Go knows it).
bool is_http_status(std::string_view text);

/// A header that a route may add or remove: no pseudo-header and not Host.
void validate_header_change(std::string_view name, const Path& path, Violations& out);

}  // namespace kumasim::cp
