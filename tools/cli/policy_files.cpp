#include "tools/cli/policy_files.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>

namespace kumasim::cli {
namespace {

namespace fs = std::filesystem;

bool holds_resources(const fs::path& file) {
  std::string extension = file.extension().string();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

std::vector<std::string> files_under(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored))
    if (entry.is_regular_file() && holds_resources(entry.path())) out.push_back(entry.path().string());
  std::ranges::sort(out);
  return out;
}

}  // namespace

void complain(const std::string& what, const scenario::Diagnostics& wrong) {
  for (const scenario::Diagnostic& diagnostic : wrong) std::cerr << diagnostic.text() << "\n";
  std::cerr << fmt::format("kumasim: {} has {} error{}\n", what, wrong.size(), wrong.size() == 1 ? "" : "s");
}

std::optional<std::string> read_or_complain(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in && fs::is_regular_file(file)) text << in.rdbuf();
  if (in && text && fs::is_regular_file(file)) return std::move(text).str();
  std::cerr << file << ": cannot be read\n";
  return std::nullopt;
}

std::optional<std::vector<scenario::SourceText>> read_sources(const std::vector<std::string>& paths) {
  std::vector<scenario::SourceText> out;
  for (const std::string& path : paths) {
    std::vector<std::string> files{path};
    if (fs::is_directory(path)) files = files_under(path);
    if (files.empty()) {
      std::cerr << path << ": holds no file that ends in .yaml, .yml or .json\n";
      return std::nullopt;
    }
    for (const std::string& file : files) {
      auto text = read_or_complain(file);
      if (!text) return std::nullopt;
      out.push_back({file, std::move(*text)});
    }
  }
  return out;
}

std::optional<scenario::PolicySet> load_policies(const std::string& name, const std::vector<std::string>& paths,
                                                 const scenario::Scenario* topology) {
  auto sources = read_sources(paths);
  if (!sources) return std::nullopt;
  auto set = scenario::read_policy_set(name, *sources);
  if (!set) {
    complain(name, set.error());
    return std::nullopt;
  }
  const scenario::Scenario* services = set->scenario ? &*set->scenario : topology;
  if (services != nullptr) add_dataplanes(*set, *services);
  if (set->has_dataplanes()) return std::move(*set);
  std::cerr << name
            << ": holds no Dataplane, so nobody calls anybody: name a scenario with the services by --topology\n";
  return std::nullopt;
}

}  // namespace kumasim::cli
