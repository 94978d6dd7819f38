#include "scenarios/inspect/commit_log.hpp"

#include <algorithm>
#include <ranges>

#include "scenarios/inspect/moments.hpp"

namespace kumasim::scenario {

std::string Commit::what() const { return !change.before ? "created" : !change.after ? "removed" : "updated"; }

bool Commit::insight() const { return change.kind->type().ends_with("Insight"); }

std::string Commit::text() const {
  std::string version = change.after ? fmt::format(", version {}", change.after->meta.version) : std::string();
  return fmt::format("commit {} at {}: {} {} {}{}", number, moment_text(at), what(), change.kind->type(),
                     change.key.name, version);
}

nlohmann::json Commit::to_json() const {
  nlohmann::json out{{"commit", number},
                     {"atSeconds", moment_seconds(at)},
                     {"what", what()},
                     {"type", change.kind->type()},
                     {"name", change.key.name}};
  if (!change.key.mesh.empty()) out["mesh"] = change.key.mesh;
  if (change.after) out["version"] = change.after->meta.version;
  return out;
}

const Commit* CommitLog::last() const {
  for (const Commit& commit : std::views::reverse(commits_)) {
    if (!commit.insight()) return &commit;
  }
  return nullptr;
}

const Commit* CommitLog::last_of(const cp::Kind& kind, const cp::ResourceKey& key) const {
  for (const Commit& commit : std::views::reverse(commits_)) {
    if (commit.change.kind == &kind && commit.change.key == key) return &commit;
  }
  return nullptr;
}

}  // namespace kumasim::scenario
