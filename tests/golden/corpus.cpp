#include "tests/golden/corpus.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "reference-cp/model/yaml.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "tests/golden/normalise.hpp"

namespace kumasim::cp::golden {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The JSON of a comment "# run: {...}".
json options(const std::string& text) {
  constexpr std::string_view mark = "# run: ";
  std::size_t at = text.find(mark);
  if (at == std::string::npos) return json::object();
  std::size_t end = text.find('\n', at);
  json result = json::parse(text.substr(at + mark.size(), end - at - mark.size()), nullptr, false);
  return result.is_object() ? result : json::object();
}

std::string brief(const json& value) {
  std::string text = value.dump();
  return text.size() <= 240 ? text : text.substr(0, 240) + "...";
}

/// The first few places where two values differ.
void differences(const json& want, const json& got, const std::string& where, std::vector<std::string>& out) {
  constexpr std::size_t differences_max = 400;
  if (want == got || out.size() >= differences_max) return;
  if (want.is_object() && got.is_object()) {
    std::set<std::string> keys;
    for (const auto& [key, value] : want.items()) keys.insert(key);
    for (const auto& [key, value] : got.items()) keys.insert(key);
    for (const std::string& key : keys) {
      if (!got.contains(key)) out.push_back(fmt::format("{}/{}: missing {}", where, key, brief(want[key])));
      else if (!want.contains(key)) out.push_back(fmt::format("{}/{}: unexpected {}", where, key, brief(got[key])));
      else differences(want[key], got[key], where + "/" + key, out);
    }
  } else if (want.is_array() && got.is_array() && want.size() == got.size()) {
    for (std::size_t i = 0; i < want.size(); ++i) differences(want[i], got[i], fmt::format("{}/{}", where, i), out);
  } else {
    out.push_back(fmt::format("{}: expected {} got {}", where, brief(want), brief(got)));
  }
}

void compare(const std::string& proxy, const json& want, const Canonical& got, Verdict& verdict) {
  std::set<std::pair<std::string, std::string>> keys;
  for (const auto& [type, resources] : want.items())
    for (const auto& [name, value] : resources.items()) keys.emplace(type, name);
  for (const auto& [type, resources] : got)
    for (const auto& [name, value] : resources) keys.emplace(type, name);
  for (const auto& [type, name] : keys) {
    ++verdict.total;
    std::string where = fmt::format("{} {} {}", proxy, type.substr(type.rfind('.') + 1), name);
    const json* expected = want.contains(type) && want[type].contains(name) ? &want[type][name] : nullptr;
    auto held = got.find(type);
    const json* made = held != got.end() && held->second.contains(name) ? &held->second.at(name) : nullptr;
    if (!made) {
      verdict.differences.push_back(where + ": missing");
    } else if (!expected) {
      verdict.differences.push_back(where + ": unexpected");
    } else if (json wanted = without_certificates(*expected); wanted == *made) {
      ++verdict.matched;
    } else {
      differences(wanted, *made, where + ": ", verdict.differences);
    }
  }
}

/// Applies every document; names of kinds that are not known go to `unread`.
void apply(Universe& universe, const std::string& text, std::vector<std::string>& unread) {
  auto documents = parse_yaml(text, "input");
  if (!documents) {
    unread.push_back(documents.error().message);
    return;
  }
  for (const YamlDocument& document : *documents) {
    if (!document.value.is_object() || document.value.contains("$sleep")) continue;
    if (document.value.contains("$delete")) {
      universe.remove(document.value);
    } else if (!universe.apply(document.value)) {
      unread.push_back(text_at(document.value, "type") + " " + text_at(document.value, "name"));
    }
    universe.settle();
  }
}

}  // namespace

std::optional<fs::path> corpus() {
  fs::path path = fs::path(KUMASIM_SOURCE_DIR).parent_path() / "shared" / "conformance";
  return fs::exists(path / "xds") ? std::optional(path) : std::nullopt;
}

std::vector<Case> cases(const fs::path& corpus, const std::string& area) {
  constexpr std::string_view tail = ".input.yaml";
  std::vector<Case> result;
  for (const auto& folder : fs::directory_iterator(corpus / "xds")) {
    std::string name = folder.path().filename().string();
    if (!folder.is_directory() || (!area.empty() && name != area)) continue;
    for (const auto& file : fs::directory_iterator(folder.path())) {
      std::string base = file.path().filename().string();
      if (!base.ends_with(tail)) continue;
      base.resize(base.size() - tail.size());
      result.push_back({name, base, file.path(), folder.path() / (base + ".expected.json")});
    }
  }
  std::ranges::sort(result, {}, [](const Case& c) { return c.id(); });
  return result;
}

std::string mesh_of(const json& proxy) {
  std::string id = text_at(proxy, "node", "id");
  return id.substr(0, id.find('.'));
}

Played play(const Case& subject, Universe universe) {
  std::string text = read(subject.input);
  Played played{std::move(universe), options(text), json::parse(read(subject.expected)), {}};
  apply(played.universe, text, played.unread);
  for (const auto& [name, proxy] : played.expected["proxies"].items()) played.universe.connect(mesh_of(proxy), name);
  played.universe.settle();
  return played;
}

Verdict judge(const Case& subject) {
  Verdict verdict;
  Played played = play(subject);
  const Universe& universe = played.universe;
  const json& expected = played.expected;
  verdict.unread = std::move(played.unread);

  std::map<std::string, Canonical> raw;
  for (const auto& [name, proxy] : expected["proxies"].items())
    raw[name] = decode(universe.snapshot(mesh_of(proxy), name, at(proxy, "node", "metadata")));
  VipNames vips;
  for (const auto& [key, resource] : universe.resources())
    if (std::ranges::find(mesh_service::kinds, key.first) != std::end(mesh_service::kinds))
      for (const std::string& vip : mesh_service::vips(*resource))
        vips.destination(vip, key.first, resource->meta.name);
  vips.learn(raw);
  for (const auto& [name, proxy] : expected["proxies"].items())
    compare(name, at(proxy, "xds"), normalise(raw[name], vips, flag_at(played.run, "exactVips")), verdict);
  verdict.equal = verdict.matched == verdict.total;
  return verdict;
}

}  // namespace kumasim::cp::golden
