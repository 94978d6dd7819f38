/// A process that dies in the middle of what it writes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kumasim/runtime/disk.hpp"

namespace kumasim::cp::testing {

/// A disk whose process dies at the n-th change: that change and all later ones do not happen.
class DyingDisk : public Disk {
 public:
  DyingDisk(Disk& inner, int changes_left) : inner_(inner), left_(changes_left) {}

  Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override {
    if (dead()) return fail(Code::unavailable, "the process is dead");
    auto file = inner_.open(name, mode);
    if (!file) return file;
    return std::make_unique<DyingFile>(*this, std::move(*file));
  }
  bool exists(std::string_view name) const override { return inner_.exists(name); }
  Result<> remove(std::string_view name) override {
    return change([&] { return inner_.remove(name); });
  }
  Result<> rename(std::string_view from, std::string_view to) override {
    return change([&] { return inner_.rename(from, to); });
  }
  std::vector<std::string> list(std::string_view prefix) const override { return inner_.list(prefix); }

  bool dead() const { return left_ <= 0; }

 private:
  class DyingFile : public File {
   public:
    DyingFile(DyingDisk& disk, std::unique_ptr<File> inner) : disk_(disk), inner_(std::move(inner)) {}
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
      return inner_->read(offset, into);
    }
    Result<> write(std::uint64_t offset, std::span<const std::byte> from) override {
      return disk_.change([&] { return inner_->write(offset, from); });
    }
    Result<> truncate(std::uint64_t size) override {
      return disk_.change([&] { return inner_->truncate(size); });
    }
    Result<> sync() override {
      return disk_.change([&] { return inner_->sync(); });
    }
    Result<std::uint64_t> size() override { return inner_->size(); }

   private:
    DyingDisk& disk_;
    std::unique_ptr<File> inner_;
  };

  template <class Do>
  Result<> change(Do&& act) {
    if (--left_ <= 0) {
      left_ = 0;
      return fail(Code::unavailable, "the process is dead");
    }
    return act();
  }

  Disk& inner_;
  int left_;
};

}  // namespace kumasim::cp::testing
