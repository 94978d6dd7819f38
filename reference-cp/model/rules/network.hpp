/// Forms of addresses, host names, URLs and identities.
#pragma once

#include <string_view>

namespace kumasim::cp {

/// An IPv4 address in dotted form or an IPv6 address.
bool is_ip(std::string_view text);

/// An address and the number of its leading bits that count: "10.0.0.0/8".
bool is_cidr(std::string_view text);

/// A host name: labels of at most 63 letters, digits, '-' and '_' that do not start with '-', and no IP address
/// (govalidator's IsDNSName, which Kuma asks).
bool is_dns_name(std::string_view text);

/// `spiffe://trust-domain/path` (SPIFFE-ID standard, section 2): lower-case trust domain, no empty or dot segments.
bool is_spiffe_id(std::string_view text);

/// An absolute URL, or a path that starts with '/' (Go's url.ParseRequestURI).
bool is_request_uri(std::string_view text);

}  // namespace kumasim::cp
