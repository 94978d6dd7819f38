/// Named files with blocking calls: a directory of the machine, or the simulator's disk that survives a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/error.hpp"

namespace kumasim {

/// An open file. Written bytes are visible to every reader at once and survive a crash only after sync().
class File {
 public:
  virtual ~File() = default;
  /// Bytes read; fewer than asked for at the end of the file only.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) = 0;
  /// Writes all or fails; a gap behind the old end reads as zeros.
  virtual Result<> write(std::uint64_t offset, std::span<const std::byte> from) = 0;
  virtual Result<> truncate(std::uint64_t size) = 0;
  virtual Result<> sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
};

enum class OpenMode : std::uint8_t {
  read_only,         ///< not_found where the file is missing
  create_or_open,    ///< read and write; made empty where missing
};

/// Names are relative paths with '/' between parts; missing directories are made. Creation, renaming and removal are
/// durable at once.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) = 0;
  virtual bool exists(std::string_view name) const = 0;
  /// not_found where there is none. An open file lives on until it is closed.
  virtual Result<> remove(std::string_view name) = 0;
  /// Replaces `to` at once.
  virtual Result<> rename(std::string_view from, std::string_view to) = 0;
  /// Every file whose name starts with `prefix`, sorted.
  virtual std::vector<std::string> list(std::string_view prefix) const = 0;
};

}  // namespace kumasim
