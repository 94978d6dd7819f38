/// The disk of a simulated process: it outlives the process, and a crash may take what was not synced.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "kumasim/runtime/disk.hpp"
#include "kumasim/runtime/random.hpp"
#include "kumasim/sim/delay_law.hpp"

namespace kumasim::sim {

/// What a crash does to writes since the last sync of their file, whichever life made them.
enum class UnsyncedWrites : std::uint8_t {
  keep,       ///< only the process died: the machine's memory still has them, until its power fails
  lose,       ///< power failure: none of them
  lose_some,  ///< power failure: each write is kept or lost by chance, as disks reorder them
};

/// What is wrong with a disk.
struct DiskFaults {
  std::uint32_t failing_ppm = 0;  ///< of a million operations, how many fail and change nothing
  std::uint32_t rotting_ppm = 0;  ///< of a million reads, in how many one bit is wrong
  bool full = false;              ///< no file can grow
  bool read_only = false;         ///< nothing can be changed
  bool loses_syncs = false;       ///< a sync succeeds, and the writes are as unsynced as before
  std::uint32_t misdirected_ppm = 0;   ///< of a million writes, how many land a sector behind their place
  bool tears = false;                  ///< of a write that a power failure may lose, single sectors may be kept
  DelayLaw stall = {};                 ///< how long each operation holds the process up
  std::uint64_t bytes_per_second = 0;  ///< of reads and writes, which hold the process up too; 0: no limit
  std::function<void(Duration)> holds_up = {};  ///< told of each operation that takes time
};

class VirtualDisk final : public Disk {
 public:
  /// `on_change` is told the digest of every change.
  explicit VirtualDisk(std::function<void(std::uint64_t)> on_change);
  ~VirtualDisk() override;

  Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override;
  bool exists(std::string_view name) const override;
  Result<> remove(std::string_view name) override;
  Result<> rename(std::string_view from, std::string_view to) override;
  std::vector<std::string> list(std::string_view prefix) const override;

  /// From now on; of operations that fail by chance `random` says which. It must outlive them.
  void set_faults(DiskFaults faults, Random& random) { *faults_ = {std::move(faults), &random}; }

  void crash(UnsyncedWrites unsynced, Random& random);
  /// Everything gone, as on a new machine.
  void wipe() { files_.clear(); }

  struct Content;
  struct Trouble {
    DiskFaults faults;
    Random* random = nullptr;
  };

 private:
  std::function<void(std::uint64_t)> on_change_;
  std::shared_ptr<Trouble> faults_ = std::make_shared<Trouble>();
  std::map<std::string, std::shared_ptr<Content>, std::less<>> files_;
};

}  // namespace kumasim::sim
