/// PEM, as far as a resource's rules look into it.
#pragma once

#include <string>
#include <string_view>

namespace kumasim::cp {

/// The label of the first block (RFC 7468) that can be read, "CERTIFICATE" say; "" where there is none.
std::string pem_type(std::string_view text);

}  // namespace kumasim::cp
