#include "kumasim/transport/tls_engine.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

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

/// What OpenSSL reads and writes instead of a socket. Its own memory BIOs keep the room of the largest burst for ever.
struct TlsEngine::Wire {
  std::string in;
  std::size_t taken = 0;  // of `in`
  std::string out;
};

namespace {

using Wire = TlsEngine::Wire;

int write_wire(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  static_cast<Wire*>(BIO_get_data(bio))->out.append(data, static_cast<std::size_t>(size));
  return size;
}

int read_wire(BIO* bio, char* into, int size_max) {
  BIO_clear_retry_flags(bio);
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  auto size = std::min(static_cast<std::size_t>(size_max), wire.in.size() - wire.taken);
  if (size == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(into, wire.in.data() + wire.taken, size);
  wire.taken += size;
  if (wire.taken == wire.in.size()) {
    std::string().swap(wire.in);
    wire.taken = 0;
  }
  return static_cast<int>(size);
}

long control_wire(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int create_wire(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO* make_bio(Wire& wire) {
  static BIO_METHOD* const method = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kumasim wire");
    BIO_meth_set_write(made, write_wire);
    BIO_meth_set_read(made, read_wire);
    BIO_meth_set_ctrl(made, control_wire);
    BIO_meth_set_create(made, create_wire);
    return made;
  }();
  auto* bio = BIO_new(method);
  BIO_set_data(bio, &wire);
  return bio;
}

}  // namespace

struct TlsEngine::Handle {
  Wire wire;  // outlives ssl, which points to it
  std::unique_ptr<SSL, Freed<SSL_free>> ssl;
  std::string server_name;
};

TlsEngine::TlsEngine(const TlsContext& context, WallTime now, const std::string& server_name)
    : handle_(std::make_unique<Handle>()), context_(context) {
  ERR_clear_error();
  const auto& options = context.options();
  handle_->ssl.reset(SSL_new(context.state().ssl.get()));
  auto* ssl = handle_->ssl.get();
  auto* bio = make_bio(handle_->wire);
  SSL_set_bio(ssl, bio, bio);  // takes it over
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
  handle_->wire.in.append(ciphertext);
}

void TlsEngine::expect_output(std::size_t plain_bytes) {
  constexpr std::size_t overhead_max = 64;  // of a record: its head, its tag, the type of its content
  auto records = plain_bytes / record_bytes_max + 1;
  auto& out = handle_->wire.out;
  out.reserve(out.size() + plain_bytes + records * overhead_max);
}

void TlsEngine::take_output(std::string& out) {
  auto made = std::exchange(handle_->wire.out, {});
  if (out.empty())
    out = std::move(made);
  else
    out += made;
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
