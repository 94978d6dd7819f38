#include "reference-cp/xds/bootstrap/request.hpp"

#include <algorithm>
#include <limits>

#include "reference-cp/model/json_text.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

/// Reads fields and remembers the first one of a wrong type; null counts as absent, as in Go.
class Reader {
 public:
  explicit Reader(const Json& object, Error& error) : object_(object), error_(error) {}

  template <class T>
  void read(const char* name, T& into) {
    auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return;
    if (matches<T>(*found))
      into = found->template get<T>();
    else if (error_.message.empty())
      error_ = {Code::invalid_argument, std::string("`") + name + "` has the wrong type", name};
  }

  const Json& object(const char* name) {
    static const Json none = Json::object();
    auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return none;
    if (found->is_object()) return *found;
    if (error_.message.empty()) error_ = {Code::invalid_argument, std::string("`") + name + "` is not an object", name};
    return none;
  }

 private:
  template <class T>
  static bool matches(const Json& value) {
    if constexpr (std::is_same_v<T, bool>)
      return value.is_boolean();
    else if constexpr (std::is_same_v<T, std::string>)
      return value.is_string();
    else if constexpr (std::is_integral_v<T>)
      return value.is_number_unsigned() && value.get<std::uint64_t>() <= std::numeric_limits<T>::max();
    else if constexpr (std::is_same_v<T, std::set<std::string>>)
      return value.is_array() && std::ranges::all_of(value, [](const Json& item) { return item.is_string(); });
    else
      return value.is_object() && std::ranges::all_of(value, [](const Json& item) { return item.is_string(); });
  }

  const Json& object_;
  Error& error_;
};

/// The version as protobuf's JSON prints it: known fields that are not empty.
Json version_of(const Json& given, std::initializer_list<const char*> fields) {
  Json out = Json::object();
  for (const char* field : fields) {
    auto found = given.find(field);
    if (found == given.end() || found->is_null() || *found == "" || *found == false) continue;
    out[field] = *found;
  }
  return out;
}

bool redirects(const Json& config, const char* direction) { return config["redirect"][direction]["enabled"] == true; }

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

/// `dataplaneConfig` as Kuma prints it once it has read it: every field that it knows, and no other. A mode that is
/// given but empty is the usual one; a port that is given is never 0.
Json read_transparent_proxy(const Json& given, Error& error) {
  auto refuse = [&](const std::string& field) {
    if (error.message.empty()) error = {Code::invalid_argument, "`" + field + "` is none", "dataplaneConfig"};
  };
  Json out = {{"ipFamilyMode", ""}, {"redirect", Json::object()}};
  if (auto mode = given.find("ipFamilyMode"); mode != given.end()) {
    const std::string text = mode->is_string() ? mode->get<std::string>() : std::string();
    const std::string known = lower(text);
    const bool is_text = mode->is_string() || mode->is_null();
    if (!is_text || (!known.empty() && known != "dualstack" && known != "ipv4")) refuse("ipFamilyMode");
    out["ipFamilyMode"] = text.empty() ? "dualstack" : text;
  }
  Reader config(given, error);
  Reader flows(config.object("redirect"), error);
  for (const char* name : {"inbound", "outbound", "dns"}) {
    const Json& flow = flows.object(name);
    bool enabled = false;
    Reader reader(flow, error);
    reader.read("enabled", enabled);
    std::uint32_t number = 0;
    if (auto port = flow.find("port"); port != flow.end()) {
      const std::uint64_t value = port->is_number_unsigned() ? port->get<std::uint64_t>() : 0;
      if (value == 0 || value > 65535) refuse(std::string(name) + ".port");
      number = static_cast<std::uint32_t>(value);
    }
    out["redirect"][name] = {{"enabled", enabled}, {"port", number}};
  }
  return out;
}

}  // namespace

bool BootstrapRequest::transparent() const {
  // Kuma asks for the proxy's address where it keeps to IPv4, and knows none yet.
  return transparent_proxy.is_object() && transparent_proxy["ipFamilyMode"] != "ipv4" &&
         (redirects(transparent_proxy, "inbound") || redirects(transparent_proxy, "outbound"));
}

Result<BootstrapRequest> parse_bootstrap_request(std::string_view body, std::string host) {
  // Its depth is bounded, so that nothing that copies or prints the value can run out of stack.
  auto parsed = parse_json(body);
  if (!parsed) return fail(Code::invalid_argument, "the body is not JSON: " + parsed.error().message);
  Json json = std::move(*parsed);
  if (!json.is_object()) return fail(Code::invalid_argument, "the body is not a JSON object");
  BootstrapRequest out;
  Error error;
  Reader reader(json, error);
  reader.read("mesh", out.mesh);
  reader.read("name", out.name);
  reader.read("proxyType", out.proxy_type);
  if (out.proxy_type.empty()) out.proxy_type = "dataplane";
  reader.read("dataplaneToken", out.dataplane_token);
  reader.read("dataplaneTokenPath", out.dataplane_token_path);
  reader.read("dataplaneResource", out.dataplane_resource);
  out.host = std::move(host);
  Reader version(reader.object("version"), error);
  out.kuma_dp_version = version_of(version.object("kumaDp"), {"version", "gitTag", "gitCommit", "buildDate"});
  out.envoy_version = version_of(version.object("envoy"), {"version", "build", "kumaDpCompatible"});
  reader.read("caCert", out.ca_cert);
  reader.read("dynamicMetadata", out.dynamic_metadata);
  reader.read("dnsPort", out.dns_port);
  reader.read("readinessPort", out.readiness_port);
  reader.read("appProbeProxyDisabled", out.app_probe_proxy);  // the name is Kuma's; it means enabled
  reader.read("features", out.features);
  Reader resources(reader.object("resources"), error);
  resources.read("maxHeapSizeBytes", out.heap_bytes_max);
  reader.read("workdir", out.workdir);
  Reader metrics(reader.object("metricsResources"), error);
  metrics.read("certPath", out.metrics_cert_path);
  metrics.read("keyPath", out.metrics_key_path);
  reader.read("systemCaPath", out.system_ca_path);
  reader.read("ipv6Enabled", out.ipv6_enabled);
  if (auto config = json.find("dataplaneConfig"); config != json.end() && !config->is_null())
    out.transparent_proxy = read_transparent_proxy(reader.object("dataplaneConfig"), error);
  if (!error.message.empty()) return fail(std::move(error));
  return out;
}

}  // namespace kumasim::cp
