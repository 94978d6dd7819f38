/// SQLite's file access over a Disk (https://www.sqlite.org/vfs.html).
#pragma once

#include <memory>
#include <string>

#include "kumasim/runtime/disk.hpp"
#include "kumasim/runtime/random.hpp"

struct sqlite3_vfs;

namespace kumasim::cp {

/// Registered with SQLite under its name as long as it lives. Files are not locked: a Disk belongs to one process.
class SqliteVfs {
 public:
  SqliteVfs(Disk& disk, Random& random);
  ~SqliteVfs();
  SqliteVfs(const SqliteVfs&) = delete;
  SqliteVfs& operator=(const SqliteVfs&) = delete;

  const std::string& name() const { return name_; }

 private:
  friend struct SqliteVfsCalls;
  Disk& disk_;
  Random& random_;
  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace kumasim::cp
