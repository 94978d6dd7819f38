#include "reference-cp/xds/derive/hostnames.hpp"

#include <algorithm>
#include <map>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::derive {
namespace {

/// HostnameGenerators, those of the zone first, then the oldest.
std::vector<const Resource*> generators(const MeshView& mesh) {
  std::vector<const Resource*> result;
  for (const auto& [name, generator] : mesh.all("HostnameGenerator")) result.push_back(generator.get());
  std::ranges::stable_sort(result, {}, [](const Resource* g) {
    return std::pair(g->meta.label("kuma.io/origin") != "zone", g->meta.creation);
  });
  return result;
}

bool chooses(const Resource& generator, const char* of, const Meta& meta) {
  const nlohmann::json& selector = at(generator.spec, "selector", of);
  if (!selector.is_object()) return false;
  for (const auto& [label, value] : tags_of(at(selector, "matchLabels")))
    if (meta.label(label) != value) return false;
  return true;
}

}  // namespace

std::string hostname(const std::string& text, const Meta& meta, const std::string& local_zone) {
  auto or_else = [](std::string value, const std::string& other) { return value.empty() ? other : value; };
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t open = text.find("{{", at);
    result += text.substr(at, open == std::string::npos ? open : open - at);
    if (open == std::string::npos) return result;
    std::size_t close = text.find("}}", open);
    if (close == std::string::npos) return {};
    std::string word = text.substr(open + 2, close - open - 2);
    word.erase(0, word.find_first_not_of(' '));
    word.erase(word.find_last_not_of(' ') + 1);
    if (word == ".Name") {
      result += meta.name;
    } else if (word == ".DisplayName") {
      result += or_else(meta.label("kuma.io/display-name"), meta.name);
    } else if (word == ".Namespace") {
      result += meta.label("k8s.kuma.io/namespace");
    } else if (word == ".Mesh") {
      result += meta.mesh;
    } else if (word == ".Zone") {
      result += or_else(meta.label("kuma.io/zone"), local_zone);
    } else if (word.starts_with("label ")) {
      std::size_t first = word.find('"'), last = word.rfind('"');
      auto label = last > first ? meta.labels.find(word.substr(first + 1, last - first - 1)) : meta.labels.end();
      if (label == meta.labels.end()) return {};
      result += label->second;
    } else {
      return {};
    }
    at = close + 2;
  }
  return result;
}

void hostnames(const MeshView& mesh, std::vector<Resource*> services, const char* selector) {
  std::ranges::stable_sort(services, {}, [](const Resource* s) { return std::pair(s->meta.creation, s->meta.name); });
  struct Name {
    std::string hostname;
    nlohmann::json condition;
  };
  std::map<const Resource*, std::map<std::string, Name>> names;  // by the generator's name
  std::map<std::string, const Resource*> owners;
  for (const Resource* generator : generators(mesh))
    for (Resource* service : services) {
      if (!chooses(*generator, selector, service->meta)) continue;
      std::string name = hostname(text_at(generator->spec, "template"), service->meta, mesh.settings().zone);
      if (name.empty()) continue;
      const Resource* owner = owners.try_emplace(name, service).first->second;
      nlohmann::json condition = {{"type", "Generated"}, {"status", "True"}, {"reason", "Generated"}, {"message", ""}};
      if (owner != service) {
        condition["status"] = "False";
        condition["reason"] = "Collision";
        condition["message"] = "Hostname collision with " + service->kind->type() + ": " + service->meta.name;
        name.clear();
      }
      names[service][generator->meta.name] = {name, condition};
    }
  for (Resource* service : services) {
    nlohmann::json addresses = nlohmann::json::array(), states = nlohmann::json::array();
    for (const auto& [generator, name] : names[service]) {
      nlohmann::json ref = {{"coreName", generator}};
      if (!name.hostname.empty())
        addresses.push_back(
            {{"hostname", name.hostname}, {"origin", "HostnameGenerator"}, {"hostnameGeneratorRef", ref}});
      states.push_back({{"hostnameGeneratorRef", ref}, {"conditions", nlohmann::json::array({name.condition})}});
    }
    service->status.erase("addresses");
    service->status.erase("hostnameGenerators");
    if (!addresses.empty()) service->status["addresses"] = std::move(addresses);
    if (!states.empty()) service->status["hostnameGenerators"] = std::move(states);
  }
}

}  // namespace kumasim::cp::derive
