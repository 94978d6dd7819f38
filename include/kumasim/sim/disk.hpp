/// The disk of a simulated process: it outlives the process, and a crash may take what was not synced.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "kumasim/runtime/disk.hpp"
#include "kumasim/runtime/random.hpp"

namespace kumasim::sim {

/// What a crash does to writes since the last sync of their file, whichever life made them.
enum class UnsyncedWrites : std::uint8_t {
  keep,       ///< only the process died: the machine's memory still has them, until its power fails
  lose,       ///< power failure: none of them
  lose_some,  ///< power failure: each write is kept or lost by chance, as disks reorder them
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

  void crash(UnsyncedWrites unsynced, Random& random);
  /// Everything gone, as on a new machine.
  void wipe() { files_.clear(); }

  struct Content;

 private:
  std::function<void(std::uint64_t)> on_change_;
  std::map<std::string, std::shared_ptr<Content>, std::less<>> files_;
};

}  // namespace kumasim::sim
