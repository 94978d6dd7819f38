/// What a client asks of the simulated mesh, and what came of it: the answer, Envoy's flags and the reason by name.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kumasim/runtime/time.hpp"

namespace kumasim::sim {

/// Names are in lower case; a name may repeat.
using Headers = std::vector<std::pair<std::string, std::string>>;

enum class CallProtocol : std::uint8_t { http, tcp };

/// One request of an application to an address, usually an outbound listener of its own sidecar (127.0.0.1:10001).
struct Call {
  std::string address;
  std::uint16_t port = 0;
  CallProtocol protocol = CallProtocol::http;
  std::string method = "GET";
  std::string authority;  ///< the Host header; empty: address:port
  std::string path = "/";
  Headers headers = {};
  std::string body = {};
  std::uint64_t more_bytes = 0;  ///< of the body that are not kept: they only take time on the way
  bool new_connection = false;   ///< as a command-line client; otherwise HTTP calls to one address keep one alive
  Duration timeout = std::chrono::seconds(30);  ///< the client's own patience; zero: none
};

/// One decision on the way of a call: which proxy took it, what it is, its name, and the configuration version behind
/// it. `kind` is one of listener, chain, tls, rbac, filter, route, cluster, endpoint, app, client.
struct Step {
  std::string proxy;
  std::string_view kind;
  std::string name;
  std::string version = {};
};

struct CallResult {
  MonotonicTime started = {};
  Duration latency = {};
  std::string client;  ///< process of the caller
  int status = 0;      ///< HTTP status as the client saw it; 200 for a TCP call that was answered; 0: none came
  std::optional<int> grpc_status = {};  ///< of an answer of gRPC; -1: none that gRPC knows
  std::string response_flags;  ///< of the client's proxy, Envoy's short names with commas (UF,URX); empty: none
  std::string details;         ///< of the client's proxy, as %RESPONSE_CODE_DETAILS%
  std::string listener = {};   ///< these four as the client's proxy chose them
  std::string route = {};
  std::string cluster = {};
  std::string endpoint = {};  ///< address:port of the last upstream host tried
  std::string instance = {};  ///< application instance that answered
  std::string app_version = {};
  std::string body = {};
  bool plaintext = false;             ///< some part of the way between two hosts ran without TLS
  std::string peer_spiffe_id = {};    ///< server identity that the client's proxy verified
  std::string client_spiffe_id = {};  ///< client identity that the server's proxy verified
  int attempts = 0;                   ///< upstream requests of the client's proxy
  std::vector<Step> why = {};

  bool ok() const { return status >= 200 && status < 400 && grpc_status.value_or(0) == 0; }
};

using CallSink = std::function<void(CallResult)>;

/// `listener outbound:127.0.0.1:10001 -> chain ... -> endpoint 10.0.0.2:80`, one line for a report.
std::string explain(const CallResult& result);

}  // namespace kumasim::sim
