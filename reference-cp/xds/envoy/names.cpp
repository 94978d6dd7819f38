#include "reference-cp/xds/envoy/names.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "reference-cp/model/fnv1a.hpp"

namespace kumasim::cp::envoy {
namespace {

/// A DNS label has 63 characters at most; a cut one is marked.
std::string label(std::string_view text) {
  return text.size() > 62 ? std::string(text.substr(0, 62)) + "x" : std::string(text);
}

std::string_view short_kind(std::string_view kind) {
  if (kind == "MeshExternalService") return "mes";
  if (kind == "MeshMultiZoneService") return "mzms";
  return "ms";
}

}  // namespace

std::string host_port(std::string_view address, std::uint32_t port) {
  return address.find(':') == std::string_view::npos ? fmt::format("{}:{}", address, port)
                                                     : fmt::format("[{}]:{}", address, port);
}

std::string inbound_listener_name(std::string_view address, std::uint32_t port) {
  return "inbound:" + host_port(address, port);
}

std::string outbound_listener_name(std::string_view address, std::uint32_t port) {
  return "outbound:" + host_port(address, port);
}

std::string local_cluster_name(std::uint32_t port) { return fmt::format("localhost:{}", port); }

std::string sanitize_metric(std::string_view name) {
  std::string result(name);
  std::ranges::replace_if(
      result, [](unsigned char c) { return !(std::isalnum(c) && c < 0x80) && c != '_' && c != '-'; }, '_');
  return result;
}

Tags without(Tags tags, std::string_view key) {
  if (auto found = tags.find(key); found != tags.end()) tags.erase(found);
  return tags;
}

std::string to_string(const Tags& tags) {
  std::string result;
  for (const auto& [key, value] : tags) result += (result.empty() ? "" : ",") + key + "=" + value;
  return result;
}

std::string split_cluster_name(const Tags& tags) {
  auto service = tags.find("kuma.io/service");
  std::string name = service == tags.end() ? std::string() : service->second;
  if (tags.size() <= 1) return name;
  std::string text;
  for (const auto& [key, value] : tags) text += key + value;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  name += '-';
  for (int i = 0; i < 8; ++i) name += fmt::format("{:02x}", digest[i]);
  return name;
}

std::string service_of_cluster(std::string_view cluster) {
  constexpr std::size_t hash = 16;
  if (cluster.size() <= hash || cluster[cluster.size() - hash - 1] != '-') return std::string(cluster);
  std::string_view tail = cluster.substr(cluster.size() - hash);
  bool hex = std::ranges::all_of(tail, [](unsigned char c) { return std::isxdigit(c) != 0; });
  return std::string(hex ? cluster.substr(0, cluster.size() - hash - 1) : cluster);
}

std::string sni(const Tags& tags, const std::string& mesh) {
  Tags extra = without(tags, "kuma.io/service");
  extra["mesh"] = mesh;
  auto service = tags.find("kuma.io/service");
  return fmt::format("{}{{{}}}", service == tags.end() ? std::string() : service->second, to_string(extra));
}

std::string sni_of_resource(std::string_view name, std::string_view mesh, std::string_view kind, std::uint32_t port) {
  std::uint64_t hash = fnv1a(fmt::format("{};{};", name, mesh));
  return fmt::format("a{:016x}.{}.{}.{}.{}", hash, label(name), port, label(mesh), short_kind(kind));
}

std::string unified::inbound(std::uint32_t service_port, std::string_view kind) {
  return fmt::format("self_inbound_{}_{}", kind, service_port);
}
std::string unified::passthrough(std::string_view direction, int ip_version) {
  return fmt::format("self_transparentproxy_passthrough_{}_ipv{}", direction, ip_version);
}
std::string unified::identity_secret(std::string_view mesh) { return fmt::format("system_mtls_identity_{}", mesh); }
std::string unified::ca_secret(std::string_view mesh) { return fmt::format("system_mtls_ca_{}", mesh); }

std::string spiffe_id(std::string_view mesh, std::string_view service) {
  return fmt::format("spiffe://{}/{}", mesh, service);
}
std::string spiffe_prefix(std::string_view mesh) { return fmt::format("spiffe://{}/", mesh); }
std::string identity_secret_name(std::string_view mesh) { return fmt::format("identity_cert:secret:{}", mesh); }
std::string ca_secret_name(std::string_view mesh) { return fmt::format("mesh_ca:secret:{}", mesh); }

}  // namespace kumasim::cp::envoy
