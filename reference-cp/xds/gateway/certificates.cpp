#include "reference-cp/xds/gateway/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <optional>
#include <string_view>

#include <envoy/extensions/transport_sockets/tls/v3/secret.pb.h>
#include <fmt/format.h>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/pem.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::gateway {
namespace {

/// As Go writes it: lines of 64 characters.
std::string printed(const PemBlock& block) {
  std::string text = fmt::format("-----BEGIN {}-----\n", block.type);
  for (std::size_t i = 0; i < block.base64.size(); i += 64) text.append(block.base64, i, 64).append("\n");
  return text + fmt::format("-----END {}-----\n", block.type);
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
  PemReader blocks(source->bytes);
  while (auto block = blocks.next()) {
    if (block->type.ends_with("PRIVATE KEY")) {
      if (!key.empty()) return fail(Code::invalid_argument, "secret contains multiple private keys");
      kind = key_kind(base64_decode(block->base64).value_or(""));
      if (kind.empty()) return fail(Code::invalid_argument, "unsupported private key");
      key = printed(*block);
    } else if (block->type.ends_with("CERTIFICATE")) {
      certificates += printed(*block) + "\n";
    } else {
      return fail(Code::invalid_argument, fmt::format("unsupported PEM block {:?}", block->type));
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
