/// The URLs that HTTP clients take, and the escaping of paths and queries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kumasim/runtime/error.hpp"

namespace kumasim {

struct Url {
  bool tls = false;
  std::string host;          ///< without brackets
  std::uint16_t port = 0;    ///< 80 or 443 where the text has none
  std::string target = "/";  ///< path and query, never empty

  /// "host" or "host:port" as a Host header carries it; the scheme's own port is left out.
  std::string authority() const;
};

/// `http://` and `https://` only; no user, and a fragment is dropped.
Result<Url> parse_url(std::string_view text);

/// `%41` becomes `A`; a broken escape stays as it is. With `plus_is_space`, as in a query.
std::string percent_decode(std::string_view text, bool plus_is_space = false);

/// Escapes everything but the unreserved characters of RFC 3986, section 2.3.
std::string percent_encode(std::string_view text);

/// A request target split at its `?`: the decoded path and the decoded query pairs in order.
struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};
Target parse_target(std::string_view target);

}  // namespace kumasim
