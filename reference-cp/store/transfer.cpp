#include "reference-cp/store/transfer.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "reference-cp/store/copy_disk.hpp"
#include "reference-cp/store/sqlite.hpp"

namespace kumasim::cp {
namespace {

constexpr std::size_t log_header_bytes = 32;
/// A checkpoint is due every 1 000 pages, so the log of a busy store is begun anew about once in 200 commits.
constexpr int copies_max = 20;

struct Files {
  std::string main;
  std::string log;
};

Result<std::string> read_log(const std::string& path, const ReadWhole& read) {
  auto log = read(path + "-wal");
  if (!log && log.error().code == Code::not_found) return std::string();
  return log;
}

/// A log that is begun anew, over the frames of the old one, has new salts in its header before any of its frames.
Result<std::string> read_log_header(const std::string& path, const ReadWhole& read) {
  auto log = read_log(path, read);
  if (log && log->size() > log_header_bytes) log->resize(log_header_bytes);
  return log;
}

/// nullopt where the log was begun anew meanwhile. No header comes twice: one salt counts up, the other is drawn.
Result<std::optional<Files>> copy(const std::string& path, const ReadWhole& read) {
  auto before = read_log_header(path, read);
  if (!before) return fail(before.error());
  auto main = read(path);
  if (!main) return fail(main.error());
  auto log = read_log(path, read);
  if (!log) return fail(log.error());
  // The log too is read piece by piece: with the header of an old one it may hold frames of a new one.
  auto after = read_log_header(path, read);
  if (!after) return fail(after.error());
  if (*before != log->substr(0, log_header_bytes) || *before != *after) return std::nullopt;
  if (log->size() < log_header_bytes) {
    // Without a log only stillness tells that the file is whole.
    auto again = read(path);
    if (!again) return fail(again.error());
    auto log_again = read_log(path, read);
    if (!log_again) return fail(log_again.error());
    if (*again != *main || *log_again != *log) return std::nullopt;
  }
  return Files{std::move(*main), std::move(*log)};
}

/// SQLite asks for chance to name what is written to the copy, which nobody reads.
class NoChance : public Random {
 public:
  void fill(std::span<std::byte> bytes) override { std::ranges::fill(bytes, std::byte{++calls_}); }

 private:
  std::uint8_t calls_ = 0;
};

using Identity = std::tuple<std::string, std::string, std::string>;

Identity identity(const Resource& resource) {
  return {resource.kind->type(), resource.meta.mesh, resource.meta.name};
}

class Beginning : public Persistence {
 public:
  explicit Beginning(std::vector<Resource> resources) : resources_(std::move(resources)) {}
  Result<std::vector<Resource>> load() override { return std::move(resources_); }
  Result<> commit(std::span<const Change>) override { return {}; }
  Result<> close() override { return {}; }

 private:
  std::vector<Resource> resources_;
};

}  // namespace

Result<std::vector<Resource>> read_running_store(const std::string& path, const ReadWhole& read) {
  for (int i = 0; i < copies_max; ++i) {
    auto files = copy(path, read);
    if (!files && files.error().code == Code::not_found)
      return fail(Code::unavailable, fmt::format("there is no store \"{}\"", path));
    if (!files) return fail(files.error());
    if (!*files) continue;
    CopyDisk disk;
    disk.put(path, std::move((*files)->main));
    disk.put(path + "-wal", std::move((*files)->log));
    NoChance none;
    auto journal = open_sqlite_journal(disk, path, none);
    if (!journal) return fail(journal.error());
    return (*journal)->load();
  }
  return fail(Code::unavailable, fmt::format("the store \"{}\" is written to all the time: try again", path));
}

Result<> fill_store(Persistence& journal, const std::vector<Resource>& resources, FillOptions options) {
  auto there = journal.load();
  if (!there) return fail(there.error());
  if (!there->empty() && !options.replace)
    return fail(Code::already_exists, fmt::format("the store holds {} resources already", there->size()));
  std::set<Identity> wanted;
  for (const Resource& resource : resources) wanted.insert(identity(resource));
  std::vector<Change> changes;
  for (Resource& old : *there)
    if (!wanted.contains(identity(old)))
      changes.push_back({old.kind, old.key(), std::make_shared<const Resource>(std::move(old)), nullptr});
  for (const Resource& resource : resources)
    changes.push_back({resource.kind, resource.key(), nullptr, std::make_shared<const Resource>(resource)});
  if (changes.empty()) return {};
  return journal.commit(changes);
}

std::unique_ptr<Persistence> begin_with(std::vector<Resource> resources) {
  return std::make_unique<Beginning>(std::move(resources));
}

}  // namespace kumasim::cp
