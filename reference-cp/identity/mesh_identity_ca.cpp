#include "reference-cp/identity/mesh_identity_ca.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

std::string display_name(const Resource& identity) {
  std::string display = identity.meta.label("kuma.io/display-name");
  return display.empty() ? identity.meta.name : display;
}

const Json& bundled(const Resource& identity) { return at(at(identity.spec, "provider"), "bundled"); }

Result<std::string> read_secret(const Resource& identity, const std::string& name, const SecretLookup& secrets) {
  if (const Resource* secret = secrets(name)) return secret_data(*secret);
  return fail(Code::not_found,
              fmt::format("Resource not found: type=\"Secret\" name=\"{}\" mesh=\"{}\"", name, identity.meta.mesh));
}

/// Kuma's SecureDataSource.
Result<std::string> read(const Resource& identity, const char* part, const CaSources& sources) {
  const Json& source = at(at(bundled(identity), "ca"), part);
  std::string type = text_at(source, "type");
  if (type == "InsecureInline") return text_at(at(source, "insecureInline"), "value");
  if (type == "Secret") return read_secret(identity, text_at(at(source, "secretRef"), "name"), sources.secrets);
  if (type == "File" && sources.outside) return sources.outside(type, text_at(at(source, "file"), "path"));
  if (type == "EnvVar" && sources.outside) return sources.outside(type, text_at(at(source, "envVar"), "name"));
  return fail(Code::unsupported, fmt::format("datasource type: {} is not supported", type));
}

bool is_given(const Resource& identity) { return !makes_ca(identity) && has(bundled(identity), "ca"); }

}  // namespace

std::string identity_certificate_secret(const Resource& identity) { return display_name(identity) + "-root-ca"; }

std::string identity_key_secret(const Resource& identity) { return display_name(identity) + "-private-key"; }

bool is_bundled(const Resource& identity) { return text_at(at(identity.spec, "provider"), "type") == "Bundled"; }

bool makes_ca(const Resource& identity) { return at(at(bundled(identity), "autogenerate"), "enabled") == true; }

bool allows_self_signed(const Resource& identity) { return at(bundled(identity), "insecureAllowSelfSigned") == true; }

bool makes_trust(const Resource& identity) {
  return is_bundled(identity) && text_at(bundled(identity), "meshTrustCreation") != "Disabled";
}

Duration certificate_lifetime(const Resource& identity) {
  auto expiry = parse_duration(text_at(at(bundled(identity), "certificateParameters"), "expiry"));
  return std::max(expiry.value_or(leaf_lifetime_default), leaf_lifetime_min);
}

Result<std::string> identity_ca_certificate(const Resource& identity, const CaSources& sources) {
  return is_given(identity) ? read(identity, "certificate", sources)
                            : read_secret(identity, identity_certificate_secret(identity), sources.secrets);
}

Result<KeyPair> identity_ca(const Resource& identity, const CaSources& sources) {
  auto certificate = identity_ca_certificate(identity, sources);
  if (!certificate) return fail(certificate.error());
  auto key = is_given(identity) ? read(identity, "privateKey", sources)
                                : read_secret(identity, identity_key_secret(identity), sources.secrets);
  if (!key) return fail(key.error());
  return KeyPair{*certificate, *key};
}

}  // namespace kumasim::cp
