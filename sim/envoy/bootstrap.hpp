/// A bootstrap document, JSON or YAML as the control plane sends it, reduced to what a simulated Envoy acts on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "sim/envoy/config/string_match.hpp"
#include "sim/envoy/config/tls_context.hpp"

namespace google::protobuf {
class Any;
class Message;
}  // namespace google::protobuf

namespace kumasim::sim::proxy {

/// How to reach the control plane.
struct AdsServer {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  std::string trust_pem;
  std::string server_name;
  std::vector<SanMatch> sans;
  std::string certificate_pem, key_pem;
  Duration connect_timeout = std::chrono::seconds(5);
  Headers metadata;  ///< initial_metadata of the gRPC service: a token
};

struct Bootstrap {
  std::string node_id;
  std::string node;  ///< serialised, with what Envoy adds of itself
  bool delta = false;
  bool node_on_first_message_only = false;
  std::optional<AdsServer> ads;
  bool hds = false;  ///< health discovery by the same server
  Headers hds_metadata;
  std::vector<std::string> clusters, listeners, secrets;  ///< serialised Any of each static resource
  std::uint16_t admin_port = 0;

  /// invalid_argument with the field where the document is no bootstrap.
  static Result<Bootstrap> parse(const std::string& text);
};

/// Fills a message from YAML or JSON text in protobuf's JSON mapping. A typed_config of a type that this program lacks
/// is kept as an opaque Any of that type. For hand-written resources in tests too.
Result<> message_from_text(const std::string& text, ::google::protobuf::Message& out);

}  // namespace kumasim::sim::proxy
