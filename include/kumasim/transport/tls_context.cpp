#include "kumasim/transport/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "kumasim/transport/no_password.hpp"

namespace kumasim {

namespace {

using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

Bio reader(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

std::unexpected<Error> bad(std::string what, std::string field) {
  auto code = ERR_peek_last_error();
  if (const auto* text = code ? ERR_reason_error_string(code) : nullptr) what += std::string(": ") + text;
  ERR_clear_error();
  return fail(Code::invalid_argument, std::move(what), std::move(field));
}

int version(TlsVersion v) { return v == TlsVersion::v1_2 ? TLS1_2_VERSION : TLS1_3_VERSION; }

Result<> use_identity(SSL_CTX* ssl, const TlsOptions& options) {
  if (options.certificate_pem.empty() && options.key_pem.empty()) {
    if (options.role == TlsRole::server) return bad("a TLS server needs a certificate", "certificate_pem");
    return {};
  }
  auto in = reader(options.certificate_pem);
  Certificate leaf(PEM_read_bio_X509(in.get(), nullptr, no_password, nullptr));
  if (!leaf) return bad("not a PEM certificate", "certificate_pem");
  if (SSL_CTX_use_certificate(ssl, leaf.get()) != 1) return bad("the certificate cannot be used", "certificate_pem");
  while (Certificate next{PEM_read_bio_X509(in.get(), nullptr, no_password, nullptr)})
    SSL_CTX_add1_chain_cert(ssl, next.get());
  ERR_clear_error();
  auto key_in = reader(options.key_pem);
  Key key(PEM_read_bio_PrivateKey(key_in.get(), nullptr, no_password, nullptr));
  if (!key) return bad("not a PEM private key", "key_pem");
  if (SSL_CTX_use_PrivateKey(ssl, key.get()) != 1) return bad("the key does not belong to the certificate", "key_pem");
  return {};
}

Result<> use_trust(SSL_CTX* ssl, const TlsOptions& options) {
  auto* store = SSL_CTX_get_cert_store(ssl);
  // As Go and Envoy do: a trusted certificate ends the chain even where it is not self-signed.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  auto in = reader(options.trust_pem);
  auto count = 0;
  while (Certificate root{PEM_read_bio_X509(in.get(), nullptr, no_password, nullptr)}) {
    X509_STORE_add_cert(store, root.get());
    if (options.role == TlsRole::server) SSL_CTX_add_client_CA(ssl, root.get());
    ++count;
  }
  auto end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!end || (count == 0 && !options.trust_pem.empty())) return bad("not PEM certificates", "trust_pem");
  ERR_clear_error();
  return {};
}

int accept_any(X509_STORE_CTX*, void*) { return 1; }

void use_peer_check(SSL_CTX* ssl, const TlsOptions& options) {
  auto server = options.role == TlsRole::server;
  switch (options.peer) {
    case TlsPeerCheck::none: SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, nullptr); break;
    case TlsPeerCheck::request:
      SSL_CTX_set_verify(ssl, server ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
      SSL_CTX_set_cert_verify_callback(ssl, accept_any, nullptr);
      break;
    case TlsPeerCheck::optional: SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr); break;
    case TlsPeerCheck::required:
      SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
      break;
  }
}

/// The server's preference wins (RFC 7301 leaves it to the server). No common name: the handshake goes on without one.
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                void* argument) {
  const auto& wire = static_cast<const TlsContext::State*>(argument)->alpn_wire;
  auto* chosen = const_cast<unsigned char**>(out);
  auto found = SSL_select_next_proto(chosen, out_size, reinterpret_cast<const unsigned char*>(wire.data()),
                                     static_cast<unsigned>(wire.size()), in, in_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

Result<TlsContext> TlsContext::create(const TlsOptions& options) {
  ERR_clear_error();
  auto state = std::make_shared<State>();
  state->options = options;
  state->ssl.reset(SSL_CTX_new(options.role == TlsRole::server ? TLS_server_method() : TLS_client_method()));
  auto* ssl = state->ssl.get();
  SSL_CTX_set_min_proto_version(ssl, version(options.version_min));
  SSL_CTX_set_max_proto_version(ssl, version(options.version_max));
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ssl, 0);
  SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
  if (!options.ciphers_tls12.empty() && SSL_CTX_set_cipher_list(ssl, options.ciphers_tls12.c_str()) != 1)
    return bad("no such cipher", "ciphers_tls12");
  if (auto done = use_identity(ssl, options); !done) return fail(done.error());
  if (auto done = use_trust(ssl, options); !done) return fail(done.error());
  use_peer_check(ssl, options);
  for (const auto& name : options.alpn) {
    state->alpn_wire.push_back(static_cast<char>(name.size()));
    state->alpn_wire += name;
  }
  if (!state->alpn_wire.empty()) {
    if (options.role == TlsRole::server)
      SSL_CTX_set_alpn_select_cb(ssl, select_alpn, state.get());
    else
      SSL_CTX_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(state->alpn_wire.data()),
                              static_cast<unsigned>(state->alpn_wire.size()));
  }
  return TlsContext(std::move(state));
}

const TlsOptions& TlsContext::options() const { return state_->options; }

}  // namespace kumasim
