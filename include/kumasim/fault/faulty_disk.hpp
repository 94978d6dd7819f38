/// A disk on which the Nth operation fails, as a full or a broken one would.
#pragma once

#include "kumasim/fault/fault_point.hpp"
#include "kumasim/runtime/disk.hpp"

namespace kumasim::fault {

/// Counts opens, reads, writes, truncations and syncs; the struck one fails with `code` and changes nothing.
class FaultyDisk final : public Disk {
 public:
  struct Options {
    Code code = Code::resource_exhausted;
    std::string message = "no space left on device";
  };

  /// All must outlive the disk and its files.
  FaultyDisk(Disk& inner, FaultPoint& point, Options options)
      : inner_(inner), point_(point), options_(std::move(options)) {}
  FaultyDisk(Disk& inner, FaultPoint& point) : FaultyDisk(inner, point, Options{}) {}

  Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override;
  bool exists(std::string_view name) const override { return inner_.exists(name); }
  Result<> remove(std::string_view name) override;
  Result<> rename(std::string_view from, std::string_view to) override;
  std::vector<std::string> list(std::string_view prefix) const override { return inner_.list(prefix); }

 private:
  Disk& inner_;
  FaultPoint& point_;
  Options options_;
};

}  // namespace kumasim::fault
