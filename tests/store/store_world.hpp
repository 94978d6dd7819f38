/// Every way to keep resources, by name, for tests that hold for all of them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "kumasim/sim/disk.hpp"
#include "kumasim/sim/seeded_random.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/memory.hpp"
#include "reference-cp/store/sqlite.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::testing {

/// A folder that is gone when the test is.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "kumasim-store-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// A store that can be closed and opened again; a memory store comes back empty.
class StoreWorld {
 public:
  virtual ~StoreWorld() = default;
  virtual Result<std::unique_ptr<Store>> open() = 0;
  virtual bool is_durable() const = 0;
};

class MemoryWorld : public StoreWorld {
 public:
  Result<std::unique_ptr<Store>> open() override { return std::make_unique<MemoryStore>(); }
  bool is_durable() const override { return false; }
};

class SqliteFileWorld : public StoreWorld {
 public:
  Result<std::unique_ptr<Store>> open() override { return open_sqlite(folder_.file("store.db")); }
  bool is_durable() const override { return true; }

 private:
  ScratchFolder folder_;
};

class SqliteDiskWorld : public StoreWorld {
 public:
  Result<std::unique_ptr<Store>> open() override { return open_sqlite(disk_, "store.db", random_); }
  bool is_durable() const override { return true; }

 private:
  sim::VirtualDisk disk_{[](std::uint64_t) {}};
  sim::SeededRandom random_{7};
};

inline std::unique_ptr<StoreWorld> make_world(const std::string& name) {
  if (name == "memory") return std::make_unique<MemoryWorld>();
  if (name == "sqlite_file") return std::make_unique<SqliteFileWorld>();
  return std::make_unique<SqliteDiskWorld>();
}

inline Resource make_resource(const Kind& kind, std::string mesh, std::string name,
                              nlohmann::json spec = nlohmann::json::object()) {
  Resource out;
  out.kind = &kind;
  out.meta.mesh = std::move(mesh);
  out.meta.name = std::move(name);
  out.spec = std::move(spec);
  return out;
}

inline WallTime at_second(int second) { return WallTime(std::chrono::seconds(1'700'000'000 + second)); }

}  // namespace kumasim::cp::testing
