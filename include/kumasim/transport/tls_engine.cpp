#include "kumasim/transport/tls_engine.hpp"

#include <cassert>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "kumasim/transport/tls_context.hpp"

namespace kumasim {

namespace {

bool is_address(const std::string& host) {
  std::unique_ptr<ASN1_OCTET_STRING, Freed<ASN1_OCTET_STRING_free>> parsed(a2i_IPADDRESS(host.c_str()));
  ERR_clear_error();
  return parsed != nullptr;
}

void name_server(SSL* ssl, const std::string& host, bool verify) {
  auto address = is_address(host);
  if (!address) SSL_set_tlsext_host_name(ssl, host.c_str());
  if (!verify) return;
  auto* param = SSL_get0_param(ssl);
  if (address) {
    X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str());
  } else {
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(param, host.c_str(), host.size());
  }
}

std::string to_pem(X509* certificate) {
  std::unique_ptr<BIO, Freed<BIO_free>> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), certificate);
  char* bytes = nullptr;
  auto size = BIO_get_mem_data(out.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

void read_names(X509* certificate, TlsPeer& peer) {
  std::unique_ptr<BIO, Freed<BIO_free>> out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* bytes = nullptr;
  auto size = BIO_get_mem_data(out.get(), &bytes);
  peer.subject.assign(bytes, static_cast<std::size_t>(size));
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI && name->type != GEN_DNS) continue;
    const auto* text = name->d.ia5;
    std::string value(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                      static_cast<std::size_t>(ASN1_STRING_length(text)));
    (name->type == GEN_URI ? peer.uri_sans : peer.dns_sans).push_back(std::move(value));
  }
  GENERAL_NAMES_free(names);
}

}  // namespace

struct TlsEngine::Handle {
  std::unique_ptr<SSL, Freed<SSL_free>> ssl;
  BIO* in = nullptr;   // both owned by ssl
  BIO* out = nullptr;
  std::string server_name;
};

TlsEngine::TlsEngine(const TlsContext& context, WallTime now, const std::string& server_name)
    : handle_(std::make_unique<Handle>()), context_(context) {
  ERR_clear_error();
  const auto& options = context.options();
  handle_->ssl.reset(SSL_new(context.state().ssl.get()));
  auto* ssl = handle_->ssl.get();
  handle_->in = BIO_new(BIO_s_mem());
  handle_->out = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(handle_->in, -1);
  SSL_set_bio(ssl, handle_->in, handle_->out);
  auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), static_cast<time_t>(seconds));
  if (options.role == TlsRole::server) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
    handle_->server_name = server_name;
    auto verify = options.verify_host && options.peer == TlsPeerCheck::required;
    if (!server_name.empty()) name_server(ssl, server_name, verify);
  }
}

TlsEngine::~TlsEngine() = default;

TlsEngine::Step TlsEngine::handshake() {
  ERR_clear_error();
  return judge(SSL_do_handshake(handle_->ssl.get()));
}

TlsEngine::Step TlsEngine::read(std::span<std::byte> into, std::size_t& count) {
  count = 0;
  while (count < into.size()) {
    ERR_clear_error();
    std::size_t got = 0;
    auto result = SSL_read_ex(handle_->ssl.get(), into.data() + count, into.size() - count, &got);
    if (result != 1) return judge(result);
    count += got;
  }
  return Step::done;
}

TlsEngine::Step TlsEngine::write(std::span<const std::byte> from) {
  assert(from.size() <= record_bytes_max);
  ERR_clear_error();
  std::size_t taken = 0;
  return judge(SSL_write_ex(handle_->ssl.get(), from.data(), from.size(), &taken));
}

void TlsEngine::shutdown() {
  ERR_clear_error();
  if (SSL_is_init_finished(handle_->ssl.get())) SSL_shutdown(handle_->ssl.get());
  ERR_clear_error();
}

void TlsEngine::feed(std::string_view ciphertext) {
  if (!ciphertext.empty()) BIO_write(handle_->in, ciphertext.data(), static_cast<int>(ciphertext.size()));
}

void TlsEngine::take_output(std::string& out) {
  auto size = BIO_ctrl_pending(handle_->out);
  if (size == 0) return;
  auto before = out.size();
  out.resize(before + size);
  BIO_read(handle_->out, out.data() + before, static_cast<int>(size));
}

TlsEngine::Step TlsEngine::judge(int result) {
  if (result == 1) return Step::done;
  auto* ssl = handle_->ssl.get();
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Step::want_input;
    case SSL_ERROR_ZERO_RETURN: return Step::closed;
    default: break;
  }
  auto reason = ERR_GET_REASON(ERR_peek_error());
  auto verified = SSL_get_verify_result(ssl);
  ERR_clear_error();
  auto checked = context_.options().peer == TlsPeerCheck::optional || context_.options().peer == TlsPeerCheck::required;
  if (checked && verified != X509_V_OK && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
    error_.assign(static_cast<int>(verified), tls_category());
  else if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
    error_.assign(tls_alert_base + reason - SSL_AD_REASON_OFFSET, tls_category());
  else
    error_.assign(tls_reason_base + reason, tls_category());
  return Step::failed;
}

TlsPeer TlsEngine::peer() const {
  auto* ssl = handle_->ssl.get();
  TlsPeer peer;
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  peer.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  peer.version = SSL_get_version(ssl);
  const auto* sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  peer.server_name = sni ? std::string(sni) : handle_->server_name;
  auto* leaf = SSL_get0_peer_certificate(ssl);
  if (!leaf) return peer;
  peer.certificate_pem = to_pem(leaf);
  read_names(leaf, peer);
  auto* chain = SSL_get_peer_cert_chain(ssl);
  // A server's chain leaves the leaf out, a client's has it first.
  if (SSL_is_server(ssl)) peer.chain_pem = peer.certificate_pem;
  for (int i = 0; i < sk_X509_num(chain); ++i) peer.chain_pem += to_pem(sk_X509_value(chain, i));
  return peer;
}

std::string_view TlsPeer::spiffe_id() const {
  for (const auto& uri : uri_sans)
    if (uri.starts_with("spiffe://")) return uri;
  return {};
}

}  // namespace kumasim
