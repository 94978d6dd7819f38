/// A directory of the machine as a Disk, and whole files for configuration.
#pragma once

#include <string>

#include "kumasim/runtime/disk.hpp"

namespace kumasim::live {

/// Names are relative to `root`, which is made when the first file is.
class DirectoryDisk final : public Disk {
 public:
  explicit DirectoryDisk(std::string root) : root_(std::move(root)) {}
  Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override;
  bool exists(std::string_view name) const override;
  Result<> remove(std::string_view name) override;
  Result<> rename(std::string_view from, std::string_view to) override;
  std::vector<std::string> list(std::string_view prefix) const override;

 private:
  std::string path(std::string_view name) const;
  std::string root_;
};

/// A whole file by its path on the machine; "-" is the standard input. Errors name the path.
Result<std::string> read_file(const std::string& path);
/// Replaced at once; where `secret`, made with mode 0600, and nobody else has had what is written open.
struct WriteOptions {
  bool secret = false;
};
Result<> write_file(const std::string& path, std::string_view content, WriteOptions options = {});
Result<> make_directories(const std::string& path);

/// As make_directories, but what it makes is its owner's alone (mode 0700). True where group or others have rights in a
/// directory that was there already.
Result<bool> make_private_directory(const std::string& path);
/// An empty file for its owner alone (mode 0600) where there is none.
Result<> make_private_file(const std::string& path);
/// Takes the rights of group and others in a file away. True where there were any.
Result<bool> make_private(const std::string& path);

}  // namespace kumasim::live
