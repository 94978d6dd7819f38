/// URLs and paths as Kuma's validation takes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kumasim::cp {

/// A URL with or without a scheme (ftp, tcp, udp, ws, wss, http, https): host and perhaps port, path, query. A single
/// word without a dot, a port or a scheme is none (govalidator's IsURL, which Kuma asks).
bool is_url(std::string_view text);

/// An absolute path of Unix, or one of Windows with a drive letter (govalidator's IsFilePath).
bool is_file_path(std::string_view text);

/// The parts of a request URI (RFC 3986, section 3), as Go's url.ParseRequestURI takes it apart.
struct UrlParts {
  std::string scheme, opaque, host, port, path, query;
  bool has_user = false;
};
std::optional<UrlParts> split_url(std::string_view text);

}  // namespace kumasim::cp
