#include "reference-cp/xds/derive/hostnames.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/rules/go_template.hpp"
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

/// Go's words for a template that fails at this place, and Kuma's around them.
std::unexpected<Error> failed(const std::string& text, std::size_t place, const std::string& what,
                              const std::string& why) {
  const std::string_view before = std::string_view(text).substr(0, place);
  const std::size_t newline = before.rfind('\n');
  std::string told = fmt::format("template: :{}:{}: executing \"\" at <{}>: {}", 1 + std::ranges::count(before, '\n'),
                                 newline == std::string_view::npos ? place : place - newline - 1, what, why);
  return fail(Code::invalid_argument,
              "pre evaluation of template with parameters failed with error=" + go_quoted(told));
}

bool is_field(const std::string& word) {
  return word.size() > 1 && word[0] == '.' && std::all_of(word.begin() + 1, word.end(), [](unsigned char c) {
           return std::isalnum(c) != 0;
         });
}

}  // namespace

Result<std::string> try_hostname(const std::string& text, const Meta& meta, const std::string& local_zone) {
  auto or_else = [](std::string value, const std::string& other) { return value.empty() ? other : value; };
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t open = text.find("{{", at);
    result += text.substr(at, open == std::string::npos ? open : open - at);
    if (open == std::string::npos) return result;
    std::size_t close = text.find("}}", open);
    if (close == std::string::npos) return std::string();
    std::string word = text.substr(open + 2, close - open - 2);
    const std::size_t place = open + 2 + std::min(word.find_first_not_of(' '), word.size());
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
      // One quoted text and nothing more: what else Go's templates know is not evaluated here.
      std::size_t first = word.find_first_not_of(' ', 6);
      if (first == std::string::npos || word[first] != '"' || word.find('"', first + 1) != word.size() - 1)
        return std::string();
      const std::string key = word.substr(first + 1, word.size() - first - 2);
      auto label = meta.labels.find(key);
      if (label == meta.labels.end())
        return failed(text, place, "label \"" + key + "\"", "error calling label: label " + key + " not found");
      result += label->second;
    } else if (is_field(word)) {
      return failed(text, place, word, "can't evaluate field " + word.substr(1) + " in type hostname.meshedName");
    } else {
      return std::string();
    }
    at = close + 2;
  }
  return result;
}

std::string hostname(const std::string& text, const Meta& meta, const std::string& local_zone) {
  return try_hostname(text, meta, local_zone).value_or(std::string());
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
      nlohmann::json condition = {{"type", "Generated"}, {"status", "True"}, {"reason", "Generated"}, {"message", ""}};
      auto made = try_hostname(text_at(generator->spec, "template"), service->meta, mesh.settings().zone);
      if (!made) {
        condition["status"] = "False";
        condition["reason"] = "TemplateError";
        condition["message"] = made.error().message;
        names[service][generator->meta.name] = {"", condition};
        continue;
      }
      std::string name = *made;
      if (name.empty()) continue;
      const Resource* owner = owners.try_emplace(name, service).first->second;
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
