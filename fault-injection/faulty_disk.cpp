/// Files that count their operations.
#include "kumasim/fault/faulty_disk.hpp"

namespace kumasim::fault {
namespace {

class FaultyFile final : public File {
 public:
  FaultyFile(std::unique_ptr<File> inner, FaultPoint& point, const FaultyDisk::Options& options)
      : inner_(std::move(inner)), point_(point), options_(options) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
    if (point_.strike()) return fail(options_.code, options_.message);
    return inner_->read(offset, into);
  }
  Result<> write(std::uint64_t offset, std::span<const std::byte> from) override {
    if (point_.strike()) return fail(options_.code, options_.message);
    return inner_->write(offset, from);
  }
  Result<> truncate(std::uint64_t size) override {
    if (point_.strike()) return fail(options_.code, options_.message);
    return inner_->truncate(size);
  }
  Result<> sync() override {
    if (point_.strike()) return fail(options_.code, options_.message);
    return inner_->sync();
  }
  Result<std::uint64_t> size() override { return inner_->size(); }

 private:
  std::unique_ptr<File> inner_;
  FaultPoint& point_;
  const FaultyDisk::Options& options_;
};

}  // namespace

Result<std::unique_ptr<File>> FaultyDisk::open(std::string_view name, OpenMode mode) {
  if (point_.strike()) return fail(options_.code, options_.message);
  auto file = inner_.open(name, mode);
  if (!file) return fail(std::move(file.error()));
  return std::make_unique<FaultyFile>(std::move(*file), point_, options_);
}

Result<> FaultyDisk::remove(std::string_view name) {
  if (point_.strike()) return fail(options_.code, options_.message);
  return inner_.remove(name);
}

Result<> FaultyDisk::rename(std::string_view from, std::string_view to) {
  if (point_.strike()) return fail(options_.code, options_.message);
  return inner_.rename(from, to);
}

}  // namespace kumasim::fault
