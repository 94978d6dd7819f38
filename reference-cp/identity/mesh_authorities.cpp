#include "reference-cp/identity/mesh_authorities.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/key_making.hpp"
#include "reference-cp/identity/mesh_identity_ca.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

constexpr std::size_t secret_name_length_max = 255;

/// Labels of letters, digits, '-' and '_', none longer than 63, in lower case.
bool is_lower_dns_name(std::string_view name) {
  std::size_t label = 0;
  for (char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!ok || ++label > 63) return false;
  }
  return label > 0;
}

std::string not_the_message(const BackendConf& conf) { return "could not convert backend config: " + conf.error; }

}  // namespace

asio::awaitable<Violations> MeshAuthorities::validate(const Resource& mesh) {
  Violations out;
  auto backends = ca_backends(mesh);
  if (!backends) {
    out.add(Path(backends.error().field), backends.error().message);
    co_return out;
  }
  for (std::size_t i = 0; i < backends->size(); ++i) {
    const CaBackend& backend = (*backends)[i];
    Path conf = Path("mtls").at("backends").at(i).at("conf");
    if (!backend.conf.error.empty()) out.add(conf, not_the_message(backend.conf));
    if (backend.type == "provided") {
      if (!backend.conf.error.empty()) continue;
      Violations found = co_await validate_provided(mesh.meta.name, backend.conf.value, conf);
      out.append(found);
      continue;
    }
    // Kuma makes a key of any size from 1024 bits and fails with an internal error below that; so do we there.
    if (!backend.ca_key.allowed() && backend.ca_key.rsa_bits >= 1024)
      out.add(conf.at("caCert").at("RSAbits"), "has to be one of 2048, 3072, 4096");
    std::string name = builtin_certificate_secret(mesh.meta.name, backend.name);
    Path at = conf.at("mtls").at("backends").at("name");
    if (name.size() > secret_name_length_max)
      out.add(at, fmt::format("Backend name is too long. Max length: {}", secret_name_length_max));
    if (!is_lower_dns_name(name)) out.add(at, fmt::format("\"{}\" name must be valid dns name", backend.name));
  }
  co_return out;
}

asio::awaitable<Violations> MeshAuthorities::validate_provided(const std::string& mesh, const Json& conf,
                                                               const Path& path) {
  Violations out;
  for (const char* part : {"cert", "key"}) {
    Path at = path.at(part);
    auto source = conf.find(part);
    if (source == conf.end()) {
      out.add(at, "has to be defined");
      continue;
    }
    bool chosen = false;
    for (const char* kind : {"secret", "file", "inline", "inlineString"}) {
      if (!source->contains(kind)) continue;
      chosen = true;
      if (text_at(*source, kind).empty() && std::string_view(kind) != "inlineString")
        out.add(at.at(kind), "cannot be empty");
    }
    if (!chosen) out.add(at, "data source has to be chosen. Available sources: secret, file, inline");
  }
  if (!out.empty()) co_return out;
  auto certificate = co_await load(mesh, conf["cert"]);
  auto key = co_await load(mesh, conf["key"]);
  if (!certificate || !key) {
    // Kuma loads the key first.
    std::string message = "could not load data: " + (key ? certificate.error().message : key.error().message);
    out.add(path.at("cert"), message);
    out.add(path.at("key"), message);
    co_return out;
  }
  KeyPair pair{*certificate, *key};
  if (std::string reason = tls_pair_error(pair); !reason.empty()) {
    out.add(path.at("cert"), fmt::format("not a valid TLS key pair: {}", reason));
    co_return out;
  }
  const auto chain = inspect_certificates(pair.certificate_pem);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    Path at = path.at("cert").at(i);
    if (!chain[i]) {
      out.add(at, "not a valid x509 certificate: " + chain[i].error().message);
      co_return out;
    }
    if (!chain[i]->is_ca)
      out.add(at, "basic constraint 'CA' must be set to 'true' (see X509-SVID: 4.1. Basic Constraints)");
    if (!chain[i]->signs_certificates)
      out.add(at, "key usage extension 'keyCertSign' must be set (see X509-SVID: 4.3. Key Usage)");
    if (chain[i]->agrees_keys)
      out.add(at,
              "key usage extension 'keyAgreement' must NOT be set (see X509-SVID: Appendix A. X.509 Field Reference)");
  }
  co_return out;
}

asio::awaitable<Result<std::string>> MeshAuthorities::load(const std::string& mesh, const Json& source) {
  if (has(source, "inlineString")) co_return text_at(source, "inlineString");
  if (std::string text = text_at(source, "inline"); !text.empty()) co_return base64_decode(text).value_or("");
  std::string name = text_at(source, "secret");
  if (name.empty()) co_return fail(Code::unsupported, "a `file` is not read: use `secret`, `inline` or `inlineString`");
  auto secret = co_await store_.get(kind::secret(), {mesh, name});
  if (!secret) co_return fail(secret.error());
  co_return secret_data(**secret);
}

asio::awaitable<Result<std::vector<Resource>>> MeshAuthorities::missing(const Resource& mesh) {
  std::vector<Resource> out;
  auto backends = ca_backends(mesh);
  if (!backends) co_return fail(backends.error());
  std::string name = mesh.meta.name;
  for (const auto& backend : *backends) {
    if (backend.type != "builtin") continue;
    ResourceKey certificate_key{name, builtin_certificate_secret(name, backend.name)};
    ResourceKey key_key{name, builtin_key_secret(name, backend.name)};
    auto certificate = co_await store_.get(kind::secret(), certificate_key);
    auto key = co_await store_.get(kind::secret(), key_key);
    for (const auto* found : {&certificate, &key})
      if (!*found && found->error().code != Code::not_found) co_return fail(found->error());
    // A half of a pair is a loss that a person has to judge: a new CA would cut off every proxy of the old one.
    if (certificate || key) continue;
    if (!backend.conf.error.empty()) co_return fail(Code::internal, not_the_message(backend.conf));
    if (!backend.ca_lifetime)
      co_return fail(Code::internal, backend.ca_lifetime.error().message, backend.ca_lifetime.error().field);
    WallTime now = clock_.wall_now();
    KeySpec spec = options_.ca_key;
    if (backend.ca_key.rsa_bits != 0) spec.rsa_bits = backend.ca_key.rsa_bits;
    CaRequest request{.mesh = name, .key = spec, .now = now, .lifetime = *backend.ca_lifetime};
    auto make = [request = std::move(request)] { return make_ca(request); };
    auto pair = co_await make_beside(options_.offload, spec, std::move(make));
    if (!pair) co_return fail(pair.error());
    out.push_back(make_secret(name, key_key.name, pair->key_pem));
    out.push_back(make_secret(name, certificate_key.name, pair->certificate_pem));
  }
  co_return out;
}

void MeshAuthorities::stored(const std::vector<ResourcePtr>& written) {
  for (const auto& resource : written) {
    if (!resource || resource->kind != &kind::secret()) continue;
    std::string prefix = builtin_certificate_secret(resource->meta.mesh, "");
    if (!resource->meta.name.starts_with(prefix)) continue;
    log_.info("identity", "CA made",
              {{"mesh", resource->meta.mesh}, {"backend", resource->meta.name.substr(prefix.size())}});
  }
}

asio::awaitable<Result<>> MeshAuthorities::ensure(const Resource& mesh) {
  auto lacking = co_await missing(mesh);
  if (!lacking) co_return fail(lacking.error());
  if (lacking->empty()) co_return Result<>();
  // Keys take time. A mesh that has gone meanwhile owns nothing, and somebody else's keys are as good.
  auto there = co_await store_.get(kind::mesh(), mesh.key());
  if (!there && there.error().code == Code::not_found) co_return Result<>();
  if (!there) co_return fail(there.error());
  std::vector<Write> writes;
  for (auto& secret : *lacking) writes.push_back({Write::What::create, std::move(secret)});
  auto done = co_await store_.commit(std::move(writes), clock_.wall_now());
  if (!done && done.error().code == Code::already_exists) co_return Result<>();
  if (!done) co_return fail(done.error());
  stored(*done);
  co_return Result<>();
}

std::vector<std::string> MeshAuthorities::used_secrets(const Resource& mesh, const Json& backend) {
  std::string name = text_at(backend, "name");
  if (text_at(backend, "type") == "builtin")
    return {builtin_certificate_secret(mesh.meta.name, name), builtin_key_secret(mesh.meta.name, name)};
  std::vector<std::string> out;
  const Json conf = ca_conf(backend).value;
  for (const char* part : {"cert", "key"})
    if (std::string secret = text_at(at(conf, part), "secret"); !secret.empty()) out.push_back(secret);
  return out;
}

std::vector<std::string> MeshAuthorities::owned_secrets(const Resource& identity) {
  if (!is_bundled(identity) || !makes_ca(identity)) return {};
  return {identity_certificate_secret(identity), identity_key_secret(identity)};
}

asio::awaitable<Result<std::string>> MeshAuthorities::make_signing_key() {
  KeySpec spec = options_.signing_key;
  auto pem = co_await make_beside(options_.offload, spec, [spec] { return make_key_pem(spec); });
  if (!pem) co_return fail(pem.error());
  co_return base64_encode(*pem);
}

}  // namespace kumasim::cp
