/// Application protocols as the tag kuma.io/protocol names them.
#pragma once

#include <string>
#include <string_view>

namespace kumasim::cp {

/// The protocol in lower case; "unknown" for a word that is none.
std::string parse_protocol(std::string_view text);
/// What can be spoken to both: http and tcp give tcp, grpc and http2 give http2, http and http2 give tcp.
std::string common_protocol(std::string_view a, std::string_view b);
/// http, http2 and grpc.
bool is_http_based(std::string_view protocol);

}  // namespace kumasim::cp
