/// Our own golden files: what the proxies of a few meshes hold, as canonical JSON. KUMASIM_REWRITE_GOLDEN=1 rewrites
/// them.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "reference-cp/model/yaml.hpp"
#include "tests/golden/normalise.hpp"
#include "tests/golden/universe.hpp"

namespace kumasim::cp::golden {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

nlohmann::json node() {
  return {{"dataplane.admin.port", "9901"}, {"dataplane.readinessReporter.port", "9902"},
          {"dataplane.dns.port", "15053"},  {"features", {"feature-embedded-dns", "feature-readiness-unix-socket"}},
          {"ipv6Enabled", false},           {"workdir", "/run/kuma"}};
}

/// Proxy -> type -> name -> resource.
nlohmann::json proxies(const fs::path& input) {
  Universe universe;
  auto documents = parse_yaml(read(input), input.filename().string());
  EXPECT_TRUE(documents);
  std::vector<std::pair<std::string, std::string>> names;
  for (const YamlDocument& document : *documents) {
    EXPECT_TRUE(universe.apply(document.value)) << document.value.dump();
    if (document.value["type"] == "Dataplane") names.emplace_back(document.value["mesh"], document.value["name"]);
  }
  for (const auto& [mesh, name] : names) universe.connect(mesh, name);
  universe.settle();
  nlohmann::json result;
  for (const auto& [mesh, name] : names)
    for (const auto& [type, resources] : decode(universe.snapshot(mesh, name, node())))
      for (const auto& [resource, value] : resources) result[name][type.substr(type.rfind('.') + 1)][resource] = value;
  return result;
}

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, ProxiesHoldWhatTheFileSays) {
  fs::path folder = fs::path(KUMASIM_SOURCE_DIR) / "tests/golden/data";
  fs::path expected = folder / (std::string(GetParam()) + ".golden.json");
  nlohmann::json got = proxies(folder / (std::string(GetParam()) + ".input.yaml"));
  if (std::getenv("KUMASIM_REWRITE_GOLDEN")) std::ofstream(expected) << got.dump(1) << "\n";
  nlohmann::json want = nlohmann::json::parse(read(expected), nullptr, false);
  EXPECT_EQ(want, got) << nlohmann::json::diff(want, got).dump(1);
}

INSTANTIATE_TEST_SUITE_P(Meshes, Golden, testing::Values("split_with_mtls", "redirected"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace kumasim::cp::golden
