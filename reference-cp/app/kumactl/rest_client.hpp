/// The REST API of one control plane, asked one request after the other.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/time.hpp"

namespace kumasim {
class HttpClient;
class TlsContext;
struct HttpResponse;
}  // namespace kumasim

namespace kumasim::live {
class LiveRuntime;
}

namespace kumasim::cp {

/// Where Debian keeps the machine's trusted authorities; used for https where none are named, as Go's client does.
inline constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

class RestClient {
 public:
  /// From an entry of the configuration's `controlPlanes`. Certificates are read here.
  static Result<std::unique_ptr<RestClient>> create(live::LiveRuntime& live, const nlohmann::json& control_plane,
                                                    Duration timeout);
  ~RestClient();

  struct Answer {
    int status = 0;
    std::string body;
    nlohmann::ordered_json json;  ///< discarded where the body is no JSON
  };

  /// Every status below 400 is an answer. 404 gives not_found; another refusal gives Kuma's text:
  /// "title (detail)" and one line for each field.
  Result<Answer> call(const std::string& method, const std::string& target, const std::string& body = {});

  /// The items of a list, all pages of it.
  Result<std::vector<nlohmann::ordered_json>> list(const std::string& target);

  /// `GET /`: product and version of the server.
  Result<nlohmann::json> index();

 private:
  RestClient(live::LiveRuntime& live, Duration timeout);

  live::LiveRuntime& live_;
  Duration timeout_;
  std::unique_ptr<TlsContext> tls_;
  std::unique_ptr<HttpClient> http_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

/// The `offset` in a list's link to its next page, or "".
std::string next_offset(const nlohmann::ordered_json& list);

}  // namespace kumasim::cp
