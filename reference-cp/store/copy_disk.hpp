/// A disk that is a few byte strings: copies of files, which may be written to and are gone with it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "kumasim/runtime/disk.hpp"

namespace kumasim::cp {

class CopyDisk final : public Disk {
 public:
  void put(const std::string& name, std::string content);

  Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override;
  bool exists(std::string_view name) const override;
  Result<> remove(std::string_view name) override;
  Result<> rename(std::string_view from, std::string_view to) override;
  std::vector<std::string> list(std::string_view prefix) const override;

 private:
  using Content = std::shared_ptr<std::string>;
  std::map<std::string, Content, std::less<>> files_;
};

}  // namespace kumasim::cp
