/// The store on disk: SQLite in write-ahead mode, on the machine's files or on the simulator's disk.
#pragma once

#include <memory>
#include <string>

#include "kumasim/runtime/disk.hpp"
#include "kumasim/runtime/random.hpp"
#include "reference-cp/store/memory.hpp"

namespace kumasim::cp {

/// Opens or makes the file at `path` with SQLite's own access to the machine's files.
/// Code::data_loss where the file is damaged or no store (it is left as it is), Code::unavailable where another process
/// has it open or it cannot be written, Code::unsupported where a newer version wrote it.
Result<std::unique_ptr<Store>> open_sqlite(const std::string& path);

/// The same on a Disk, whose file names it shares: `name` and `name`-wal. `random` seeds SQLite's own generator.
Result<std::unique_ptr<Store>> open_sqlite(Disk& disk, const std::string& name, Random& random);

/// The journals of such stores, for who carries whole stores from one to another.
Result<std::unique_ptr<Persistence>> open_sqlite_journal(const std::string& path);
Result<std::unique_ptr<Persistence>> open_sqlite_journal(Disk& disk, const std::string& name, Random& random);

}  // namespace kumasim::cp
