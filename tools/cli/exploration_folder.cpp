/// Files of an exploration.
#include "tools/cli/exploration_folder.hpp"

#include <filesystem>
#include <sstream>

#include <fmt/format.h>

namespace kumasim::cli {
namespace {

namespace fs = std::filesystem;

fs::path results_of(const std::string& path) { return fs::path(path) / "results.jsonl"; }

/// Which of the fields differs, for people.
std::string difference(const chaos::Exploration& there, const chaos::Exploration& here) {
  auto pair = [](std::string_view what, const std::string& a, const std::string& b) {
    return fmt::format("{} is `{}` there and `{}` here", what, a, b);
  };
  if (there.scenario != here.scenario) return pair("the scenario", there.scenario, here.scenario);
  if (there.digest != here.digest) return "the scenario's text has changed";
  if (there.profile != here.profile) return pair("the profile", there.profile, here.profile);
  if (there.steered != here.steered) return "only one of them is steered";
  if (there.planted_bug != here.planted_bug) return pair("the planted bug", there.planted_bug, here.planted_bug);
  if (there.commit != here.commit) return pair("the commit", there.commit, here.commit);
  auto seeds = [](const chaos::Exploration& of) {
    return fmt::format("{}..{} in shard {}/{}", of.first, of.last, of.shard, of.shards);
  };
  if (seeds(there) != seeds(here)) return pair("the range of seeds", seeds(there), seeds(here));
  return "the path of the file or the catalogue of faults differs";
}

}  // namespace

ExplorationFolder::ExplorationFolder(std::string path, chaos::ResultsFile results)
    : path_(std::move(path)), results_(std::move(results)), out_(results_of(path_), std::ios::binary | std::ios::app) {}

Result<chaos::ResultsFile> ExplorationFolder::read(const std::string& path) {
  std::ifstream in(results_of(path), std::ios::binary);
  if (!in) return fail(Code::not_found, fmt::format("{} cannot be read", results_of(path).string()));
  std::ostringstream text;
  text << in.rdbuf();
  auto results = chaos::read_results(std::move(text).str());
  if (!results)
    return fail(results.error().code, fmt::format("{}: {}", results_of(path).string(), results.error().message));
  return results;
}

Result<ExplorationFolder> ExplorationFolder::create(const std::string& path, const chaos::Exploration& exploration) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(Code::unavailable, fmt::format("{} cannot be made: {}", path, error.message()));
  if (auto there = read(path); there || there.error().code == Code::data_loss)
    return fail(Code::already_exists, fmt::format("{} holds results already: go on with --resume {}", path, path));
  fs::remove(results_of(path), error);  // not even its first line was whole
  ExplorationFolder out(path, {.exploration = exploration, .results = {}, .whole = 0});
  out.out_ << to_line(exploration) << std::flush;
  if (!out.out_) return fail(Code::unavailable, fmt::format("{} cannot be written", results_of(path).string()));
  return out;
}

Result<ExplorationFolder> ExplorationFolder::resume(const std::string& path, const chaos::Exploration& exploration) {
  if (!fs::exists(results_of(path)))
    return fail(Code::not_found, fmt::format("there is no {}: begin with --out {}", results_of(path).string(), path));
  auto there = read(path);
  if (!there && there.error().code == Code::not_found) return create(path, exploration);
  if (!there) return fail(there.error());
  if (there->exploration != exploration)
    return fail(Code::invalid_argument,
                fmt::format("{} is of another exploration: {}", path, difference(there->exploration, exploration)));
  std::error_code error;
  fs::resize_file(results_of(path), there->whole, error);
  if (error)
    return fail(Code::unavailable, fmt::format("{} cannot be cut: {}", results_of(path).string(), error.message()));
  return ExplorationFolder(path, std::move(*there));
}

bool ExplorationFolder::add(const chaos::SeedResult& result) {
  results_.results.insert_or_assign(result.seed, result);
  out_ << to_line(result) << std::flush;
  return static_cast<bool>(out_);
}

bool ExplorationFolder::write(const std::string& name, const std::string& text) const {
  std::ofstream out(fs::path(path_) / name, std::ios::binary);
  out << text << std::flush;
  return static_cast<bool>(out);
}

}  // namespace kumasim::cli
