/// TLS 1.2 and 1.3 as a Stream over another Stream, by OpenSSL memory BIOs; the same code runs live and simulated.
///
/// `asio::ssl::stream` is not used: it hides timers that start a thread in a foreign execution context. Nothing here
/// depends on the machine's clock: certificates are judged at the time of the Clock that is handed over, and there are
/// no session tickets, which would carry wall time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/stream.hpp"

namespace kumasim {

/// A certificate (leaf first, then intermediates) and its private key, both PEM.
struct TlsIdentity {
  std::string certificate_pem;
  std::string key_pem;
};

enum class TlsRole : std::uint8_t { server, client };

/// What is asked of the peer's certificate.
enum class TlsPeerCheck : std::uint8_t {
  none,      ///< a client takes any certificate; a server asks for none
  request,   ///< a server takes a client without one, or with any; the caller judges
  optional,  ///< a server takes a client without one, but one that is sent must be trusted
  required,  ///< it must be there and be trusted
};

enum class TlsVersion : std::uint8_t { v1_2, v1_3 };

struct TlsOptions {
  TlsRole role = TlsRole::client;
  std::string certificate_pem = {};  ///< own identity; both empty for none
  std::string key_pem = {};
  std::string trust_pem = {};  ///< the roots (or trusted intermediates) that the peer's chain must reach
  TlsPeerCheck peer = TlsPeerCheck::required;
  bool verify_host = true;              ///< a client also compares the certificate with the server's name or address
  std::vector<std::string> alpn = {};   ///< in order of preference; a server's preference wins
  TlsVersion version_min = TlsVersion::v1_2;
  TlsVersion version_max = TlsVersion::v1_3;
  std::string ciphers_tls12 = {};       ///< OpenSSL's form; empty for its defaults
  /// Time of verification where the caller has no Clock to hand over (http_call); must outlive the context.
  const Clock* clock = nullptr;
};

/// Parsed options, shared by every connection that is made with them. Copies are cheap and immutable.
class TlsContext {
 public:
  /// invalid_argument with `field` = certificate_pem, key_pem, trust_pem or ciphers_tls12.
  static Result<TlsContext> create(const TlsOptions& options);

  const TlsOptions& options() const;

  struct State;
  const State& state() const { return *state_; }

 private:
  explicit TlsContext(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// What the handshake told of the peer. Without a peer certificate the certificate's fields are empty.
struct TlsPeer {
  std::string certificate_pem;          ///< the leaf
  std::string chain_pem;                ///< all that the peer sent, leaf first
  std::string subject;                  ///< one line, RFC 2253
  std::vector<std::string> uri_sans;    ///< SPIFFE IDs among them, in the certificate's order
  std::vector<std::string> dns_sans;
  std::string alpn;                     ///< what was agreed on, or empty
  std::string server_name;              ///< SNI, at both ends
  std::string version;                  ///< "TLSv1.3"

  /// The first `spiffe://` URI, or empty.
  std::string_view spiffe_id() const;
};

/// The handshake, then a Stream of plain bytes. Throws boost::system::system_error: of tls_category where TLS or a
/// certificate is at fault, else what the stream below gave. Before it throws, the alert is sent and the peer may end
/// its side, so that the alert is not lost to a reset: bound the time, as for every handshake.
asio::awaitable<Stream> tls_accept(Stream stream, const TlsContext& context, const Clock& clock);

/// `server_name` goes out as SNI (an IP address does not) and is compared where `verify_host` asks for it.
/// A TLS 1.3 client is done before the server has judged its certificate: a refusal shows at the first read.
asio::awaitable<Stream> tls_connect(Stream stream, const TlsContext& context, const Clock& clock,
                                    std::string server_name);

/// Null where the stream is no TLS stream. Lives as long as the stream, or longer where it is shared.
std::shared_ptr<const TlsPeer> tls_peer(const Stream& stream);

/// Error codes of TLS. message() is OpenSSL's text ("certificate has expired").
const boost::system::error_category& tls_category();

/// Why TLS failed, for programs.
enum class TlsFault : std::uint8_t {
  none,                 ///< not an error of tls_category
  certificate_expired,
  certificate_not_yet_valid,
  certificate_untrusted,  ///< unknown authority, bad signature, wrong purpose
  certificate_missing,
  name_mismatch,
  refused_by_peer,  ///< the peer sent an alert
  protocol,
};
TlsFault tls_fault(const error_code& code);

}  // namespace kumasim
