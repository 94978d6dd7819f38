#include "reference-cp/identity/mesh_tls.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

std::string text_at(const Json& value, const char* key) {
  if (!value.is_object()) return {};
  auto found = value.find(key);
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& object_at(const Json& value, const char* key) {
  static const Json none = Json::object();
  if (!value.is_object()) return none;
  auto found = value.find(key);
  return found != value.end() && found->is_object() ? *found : none;
}

Result<Duration> lifetime_at(const Json& owner, const std::string& field, Duration fallback) {
  std::string text = text_at(owner, "expiration");
  if (text.empty()) return fallback;
  auto parsed = parse_lifetime(text);
  if (!parsed)
    return fail(Code::invalid_argument, fmt::format("not a valid duration string: \"{}\"", text),
                field + ".expiration");
  return *parsed;
}

/// Kuma's DataSource: a secret's name, or the bytes inline.
Result<std::string> load(const Json& source, const SecretLookup& secrets, const std::string& field) {
  if (std::string text = text_at(source, "inlineString"); !text.empty()) return text;
  if (std::string text = text_at(source, "inline"); !text.empty()) return base64_decode(text).value_or("");
  std::string name = text_at(source, "secret");
  if (name.empty()) return fail(Code::unsupported, "only `secret`, `inline` and `inlineString` are read here", field);
  const Resource* secret = secrets(name);
  if (!secret) return fail(Code::not_found, fmt::format("there is no secret \"{}\"", name), field + ".secret");
  return secret_data(*secret);
}

/// `mtls.backends`; an empty list where there are none.
const Json& entries_of(const Resource& mesh) {
  static const Json none = Json::array();
  const Json& mtls = object_at(mesh.spec, "mtls");
  auto backends = mtls.find("backends");
  return backends != mtls.end() && backends->is_array() ? *backends : none;
}

/// The entry with this index, as ca_backends has it.
Result<CaBackend> ca_backend(const Json& entry, std::size_t index) {
  const std::string at = fmt::format("mtls.backends[{}]", index);
  CaBackend out;
  out.name = text_at(entry, "name");
  out.type = text_at(entry, "type");
  out.conf = ca_conf(entry);
  if (out.type == "builtin" && out.conf.error.empty()) {
    const Json& ca = object_at(out.conf.value, "caCert");
    if (auto bits = ca.find("RSAbits"); bits != ca.end() && bits->is_number_integer())
      out.ca_key.rsa_bits = bits->get<std::uint32_t>();
    out.ca_lifetime = lifetime_at(ca, at + ".conf.caCert", ca_lifetime_default);
  }
  auto leaf_lifetime =
      lifetime_at(object_at(object_at(entry, "dpCert"), "rotation"), at + ".dpCert.rotation", leaf_lifetime_default);
  if (!leaf_lifetime) return fail(leaf_lifetime.error());
  out.leaf_lifetime = std::max(*leaf_lifetime, leaf_lifetime_min);
  return out;
}

}  // namespace

std::string builtin_certificate_secret(std::string_view mesh, std::string_view backend) {
  return fmt::format("{}.ca-builtin-cert-{}", mesh, backend);
}

std::string builtin_key_secret(std::string_view mesh, std::string_view backend) {
  return fmt::format("{}.ca-builtin-key-{}", mesh, backend);
}

std::string enabled_backend(const Resource& mesh) { return text_at(object_at(mesh.spec, "mtls"), "enabledBackend"); }

BackendConf ca_conf(const Json& backend) {
  const std::string type = text_at(backend, "type");
  BackendConf out{object_at(backend, "conf"), {}};
  if (type != "builtin" && type != "provided") return out;
  BackendConf read = read_backend_conf(type, out.value);
  if (read.error.empty()) return read;
  out.error = std::move(read.error);
  return out;
}

Result<std::vector<CaBackend>> ca_backends(const Resource& mesh) {
  std::vector<CaBackend> out;
  const Json& entries = entries_of(mesh);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto backend = ca_backend(entries[i], i);
    if (!backend) return fail(backend.error());
    out.push_back(*std::move(backend));
  }
  return out;
}

Result<std::optional<MeshTls>> mesh_tls(const Resource& mesh, const SecretLookup& secrets) {
  std::string enabled = enabled_backend(mesh);
  if (enabled.empty()) return std::nullopt;
  const Json& entries = entries_of(mesh);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (text_at(entries[i], "name") != enabled) continue;
    auto backend = ca_backend(entries[i], i);
    if (!backend) return fail(backend.error());
    MeshTls out{.mesh = mesh.meta.name, .backend = enabled, .ca = {}, .leaf_lifetime = backend->leaf_lifetime};
    Json certificate, key;
    if (backend->type == "builtin") {
      certificate["secret"] = builtin_certificate_secret(out.mesh, enabled);
      key["secret"] = builtin_key_secret(out.mesh, enabled);
    } else if (backend->type == "provided") {
      certificate = object_at(backend->conf.value, "cert");
      key = object_at(backend->conf.value, "key");
    } else {
      return fail(Code::unsupported, fmt::format("CA backends of type \"{}\" are not known", backend->type),
                  "mtls.backends");
    }
    auto certificate_pem = load(certificate, secrets, "conf.cert");
    if (!certificate_pem) return fail(certificate_pem.error());
    auto key_pem = load(key, secrets, "conf.key");
    if (!key_pem) return fail(key_pem.error());
    out.ca = {*certificate_pem, *key_pem};
    return out;
  }
  return fail(Code::invalid_argument, fmt::format("the enabled backend \"{}\" is not among the backends", enabled),
              "mtls.enabledBackend");
}

std::string secret_data(const Resource& secret) { return base64_decode(text_at(secret.spec, "data")).value_or(""); }

Resource make_secret(std::string mesh, std::string name, std::string_view bytes) {
  Resource out;
  out.kind = &kind::secret();
  out.meta.mesh = std::move(mesh);
  out.meta.name = std::move(name);
  out.spec["data"] = base64_encode(bytes);
  return out;
}

std::optional<Duration> parse_lifetime(std::string_view text) {
  if (text == "0") return Duration::zero();
  std::uint32_t count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  Duration one{};
  if (unit == "y")
    one = std::chrono::hours(24 * 365);
  else if (unit == "w")
    one = std::chrono::hours(24 * 7);
  else if (unit == "d")
    one = std::chrono::hours(24);
  else if (unit == "h")
    one = std::chrono::hours(1);
  else if (unit == "m")
    one = std::chrono::minutes(1);
  else if (unit == "s")
    one = std::chrono::seconds(1);
  else if (unit == "ms")
    one = std::chrono::milliseconds(1);
  else
    return std::nullopt;
  if (count > Duration::max() / one / 4) return std::nullopt;  // added to a time, it must not overflow
  return one * count;
}

TagSet dataplane_tags(const Resource& dataplane) {
  TagSet out;
  auto add = [&](const Json& owner) {
    for (const auto& [tag, value] : object_at(owner, "tags").items())
      if (value.is_string()) out[tag].insert(value.get<std::string>());
  };
  const Json& networking = object_at(dataplane.spec, "networking");
  if (auto inbounds = networking.find("inbound"); inbounds != networking.end() && inbounds->is_array())
    for (const auto& inbound : *inbounds) add(inbound);
  add(object_at(networking, "gateway"));
  return out;
}

}  // namespace kumasim::cp
