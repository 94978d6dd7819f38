/// A folder for the files and Unix sockets of one process under test; its path is short, for sockets' sake.
#pragma once

#include <filesystem>
#include <string>

namespace kumasim::test {

class ScratchFolder {
 public:
  ScratchFolder();
  /// Removes it and all that is in it.
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file in it; returns its path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace kumasim::test
