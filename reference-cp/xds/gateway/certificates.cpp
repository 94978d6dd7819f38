#include "reference-cp/xds/gateway/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <optional>
#include <string_view>
#include <vector>

#include <envoy/extensions/transport_sockets/tls/v3/secret.pb.h>
#include <fmt/format.h>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::gateway {
namespace {

/// One "-----BEGIN x-----" block.
struct PemBlock {
  std::string type;
  std::string text;  ///< with lines of 64 characters
  std::string bytes;
};

/// Blocks that are not whole are passed over, as text between blocks is.
std::vector<PemBlock> pem_blocks(std::string_view text) {
  constexpr std::string_view begin = "-----BEGIN ", dashes = "-----";
  std::vector<PemBlock> blocks;
  for (;;) {
    std::size_t start = text.find(begin);
    if (start == std::string_view::npos) return blocks;
    text.remove_prefix(start + begin.size());
    std::size_t type_end = text.find(dashes);
    if (type_end == std::string_view::npos) return blocks;
    PemBlock block{std::string(text.substr(0, type_end)), {}, {}};
    std::string end = fmt::format("-----END {}-----", block.type);
    std::size_t stop = text.find(end, type_end);
    if (stop == std::string_view::npos) continue;
    std::string base64;
    for (char c : text.substr(type_end + dashes.size(), stop - type_end - dashes.size()))
      if (std::string_view(" \t\r\n").find(c) == std::string_view::npos) base64 += c;
    text.remove_prefix(stop + end.size());
    std::optional<std::string> bytes = base64_decode(base64);
    if (!bytes) continue;
    block.bytes = std::move(*bytes);
    block.text = fmt::format("-----BEGIN {}-----\n", block.type);
    for (std::size_t i = 0; i < base64.size(); i += 64) block.text += base64.substr(i, 64) + "\n";
    block.text += end + "\n";
    blocks.push_back(std::move(block));
  }
}

/// "rsa" or "ecdsa"; empty for other keys and what is no key.
std::string_view key_kind(const std::string& der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  EVP_PKEY* key = d2i_AutoPrivateKey(nullptr, &data, static_cast<long>(der.size()));
  int id = key ? EVP_PKEY_get_base_id(key) : 0;
  EVP_PKEY_free(key);
  return id == EVP_PKEY_RSA ? "rsa" : id == EVP_PKEY_EC ? "ecdsa" : "";
}

struct Source {
  std::string kind, name, bytes;
};

std::optional<Source> load(const MeshView& mesh, const nlohmann::json& source, const std::string& hostname) {
  if (source.contains("secret")) {
    std::string name = text_at(source, "secret");
    const Resource* secret = mesh.find("Secret", name);
    if (!secret) return std::nullopt;
    return Source{"secret", name, secret_data(*secret)};
  }
  if (source.contains("inlineString")) return Source{"inlineString", hostname, text_at(source, "inlineString")};
  if (source.contains("inline"))
    return Source{"inline", hostname, base64_decode(text_at(source, "inline")).value_or("")};
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Secret>> server_secret(const MeshView& mesh, const nlohmann::json& json,
                                              const std::string& hostname) {
  std::optional<Source> source = load(mesh, json, hostname);
  if (!source) return fail(Code::not_found, "the certificate of " + hostname + " cannot be read");
  std::string key, certificates;
  std::string_view kind;
  for (const PemBlock& block : pem_blocks(source->bytes)) {
    if (block.type.ends_with("PRIVATE KEY")) {
      if (!key.empty()) return fail(Code::invalid_argument, "secret contains multiple private keys");
      kind = key_kind(block.bytes);
      if (kind.empty()) return fail(Code::invalid_argument, "unsupported private key");
      key = block.text;
    } else if (block.type.ends_with("CERTIFICATE")) {
      certificates += block.text + "\n";
    } else {
      return fail(Code::invalid_argument, fmt::format("unsupported PEM block {:?}", block.type));
    }
  }
  if (certificates.empty()) return fail(Code::invalid_argument, "missing server certificate");
  if (key.empty()) return fail(Code::invalid_argument, "missing private key");
  auto secret = std::make_unique<Secret>();
  secret->set_name(fmt::format("cert.{}:{}:{}", kind, source->kind, source->name));
  secret->mutable_tls_certificate()->mutable_certificate_chain()->set_inline_string(certificates);
  secret->mutable_tls_certificate()->mutable_private_key()->set_inline_string(key);
  return secret;
}

}  // namespace kumasim::cp::gateway
