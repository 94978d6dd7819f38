#include "reference-cp/app/kuma_cp/store_files.hpp"

#include <fmt/format.h>

#include "reference-cp/live/disk.hpp"
#include "reference-cp/store/sqlite.hpp"

namespace kumasim::cp {

Result<> make_work_directory(const Config& config, Log& log) {
  auto open_to_others = live::make_private_directory(config.work_dir);
  if (!open_to_others) return fail(open_to_others.error().code, "general.workDir: " + open_to_others.error().message);
  if (*open_to_others)
    log.warn("kuma-cp", "others have rights in the work directory: set its mode to 0700", {{"path", config.work_dir}});
  return {};
}

std::string sqlite_path(const Config& config) {
  return config.store_sqlite_path.starts_with('/') ? config.store_sqlite_path
                                                   : config.work_dir + "/" + config.store_sqlite_path;
}

Result<std::unique_ptr<Persistence>> open_journal(const Config& config, Log& log) {
  std::string path = sqlite_path(config);
  if (auto made = live::make_private_directory(path.substr(0, path.rfind('/'))); !made) return fail(made.error());
  // SQLite gives its other files the mode of this one.
  if (auto made = live::make_private_file(path); !made) return fail(made.error());
  auto journal = open_sqlite_journal(path);
  if (!journal)
    return fail(journal.error().code, fmt::format("store {}: {}", path, journal.error().message), "store.sqlite.path");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    auto closed = live::make_private(path + suffix);
    if (closed && *closed)
      log.warn("kuma-cp", "others had rights in the store: now its mode is 0600", {{"path", path + suffix}});
    if (!closed && closed.error().code != Code::not_found) return fail(closed.error());
  }
  return journal;
}

}  // namespace kumasim::cp
