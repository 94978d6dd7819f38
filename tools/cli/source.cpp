/// Reading files, and one run without any output.
#include "tools/cli/source.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "kumasim/scenario/document.hpp"
#include "kumasim/scenario/runner.hpp"
#include "kumasim/scenario/worlds.hpp"
#include "tools/cli/load.hpp"

namespace kumasim::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

/// Each `{file: PATH}` becomes the documents that stand there. REQUIRES: load_scenario_file took the file.
json with_files(json resources, const fs::path& folder) {
  json out = json::array();
  for (json& resource : resources) {
    bool zoned = resource.size() == 2 && resource.contains("zone");
    if ((resource.size() != 1 && !zoned) || !resource.contains("file")) {
      out.push_back(std::move(resource));
      continue;
    }
    std::string file = (folder / resource["file"].get<std::string>()).string();
    auto documents = scenario::parse_documents(read_text(file), file);
    for (scenario::Document& one : *documents)
      out.push_back(zoned ? json{{"zone", resource["zone"]}, {"resource", std::move(one.value)}}
                          : std::move(one.value));
  }
  return out;
}

}  // namespace

std::optional<scenario::Source> load_source_or_complain(const std::string& file) {
  auto loaded = load_or_complain(file);
  if (!loaded) return std::nullopt;
  auto document = scenario::parse_document(read_text(file), file);
  if (!document) {
    std::cerr << document.error().text() << "\n";
    return std::nullopt;
  }
  scenario::Source out{std::move(*loaded), std::move(document->value)};
  json& spec = out.document["spec"];
  if (spec.contains("resources"))
    spec["resources"] = with_files(std::move(spec["resources"]), fs::path(file).parent_path());
  return out;
}

std::expected<Simulated, std::string> simulate(const std::string& text, const std::string& file, std::uint64_t seed,
                                               const std::string& planted_bug, const scenario::RunWatch& watch) {
  auto loaded = scenario::load_scenario(text, file);
  if (!loaded) {
    std::string out;
    for (const scenario::Diagnostic& diagnostic : loaded.error()) out += (out.empty() ? "" : "\n") + diagnostic.text();
    return std::unexpected(std::move(out));
  }
  Simulated out{
      .scenario = std::move(*loaded), .plan = {}, .run = {.world = "sim", .seed = seed, .planted_bug = planted_bug}};
  out.plan = scenario::make_plan(out.scenario, seed);
  {
    // The world is gone before the scenario moves.
    auto world =
        scenario::make_sim_world(out.scenario, {.seed = seed, .planted_bug = planted_bug, .attach = {}, .log = {}});
    scenario::run_scenario(out.scenario, out.plan, *world, out.run, {}, {}, watch);
  }
  return out;
}

}  // namespace kumasim::cli
