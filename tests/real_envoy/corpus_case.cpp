#include "tests/real_envoy/corpus_case.hpp"

#include <fstream>
#include <iterator>
#include <mutex>

#include "reference-cp/xds/json_read.hpp"

namespace kumasim::test {
namespace {

using nlohmann::json;

/// The case with its documents in the folder, into which the paths lead that they have under /tmp: what Envoys are told
/// to write stays there.
cp::golden::Case in_folder(cp::golden::Case subject, const ScratchFolder& folder) {
  const std::string outside = "/tmp/", inside = folder.path().string() + "/";
  std::ifstream file(subject.input, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  for (std::size_t at = 0; (at = text.find(outside, at)) != std::string::npos; at += inside.size())
    text.replace(at, outside.size(), inside);
  subject.input = folder.write("input.yaml", text);
  return subject;
}

/// The node's paths lead into the folder, and files are there where proxies may be told to read them.
json in_folder(json node, const ScratchFolder& folder, CorpusCertificates& certificates) {
  json& metadata = node["metadata"];
  auto file = [&](const char* key, const char* name, const std::string& content) {
    if (!cp::text_at(metadata, key).empty()) metadata[key] = folder.write(name, content);
  };
  cp::KeyPair server = certificates.server("localhost");
  file("metricsCertPath", "metrics-cert.pem", server.certificate_pem);
  file("metricsKeyPath", "metrics-key.pem", server.key_pem);
  file("systemCaPath", "system-ca.pem", server.certificate_pem);
  if (!cp::text_at(metadata, "workdir").empty()) metadata["workdir"] = folder.path().string();
  return node;
}

bool is_builtin_gateway(const cp::golden::Universe& universe, const std::string& mesh, const std::string& name) {
  auto found = universe.resources().find({"Dataplane", {mesh, name}});
  return found != universe.resources().end() &&
         cp::text_at(found->second->spec, "networking", "gateway", "type") == "BUILTIN";
}

}  // namespace

RealEnvoyOptions CorpusProxy::options(cp::AdsVariant variant) const {
  return {.node = node, .folder = folder->path(), .builtin_gateway = builtin_gateway, .variant = variant};
}

CorpusCase load(const cp::golden::Case& subject) {
  static std::mutex one_at_a_time;  // the control plane is written for one thread
  std::lock_guard lock(one_at_a_time);
  auto certificates = std::make_shared<CorpusCertificates>();
  cp::golden::Universe empty([certificates](const std::string& mesh, const cp::Resource& proxy) {
    return certificates->identify(mesh, proxy);
  });
  CorpusCase out{.id = subject.id(), .certificates = certificates};
  cp::golden::Played played = cp::golden::play(in_folder(subject, *out.folder), std::move(empty));
  out.universe = std::make_shared<const cp::golden::Universe>(std::move(played.universe));
  for (const auto& [name, proxy] : played.expected["proxies"].items()) {
    if (!proxy.contains("node")) continue;
    std::string mesh = cp::golden::mesh_of(proxy);
    CorpusProxy made{.name = name, .folder = std::make_shared<const ScratchFolder>()};
    made.node = in_folder(proxy["node"], *made.folder, *certificates);
    made.builtin_gateway = is_builtin_gateway(*out.universe, mesh, name);
    made.snapshot = std::make_shared<const cp::Snapshot>(out.universe->snapshot(mesh, name, made.node["metadata"]));
    out.proxies.push_back(std::move(made));
  }
  return out;
}

}  // namespace kumasim::test
