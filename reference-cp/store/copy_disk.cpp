#include "reference-cp/store/copy_disk.hpp"

#include <algorithm>

namespace kumasim::cp {
namespace {

class CopyFile final : public File {
 public:
  explicit CopyFile(std::shared_ptr<std::string> content) : content_(std::move(content)) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset >= content_->size()) return 0;
    auto count = std::min<std::size_t>(into.size(), content_->size() - offset);
    auto from = std::as_bytes(std::span(*content_)).subspan(offset, count);
    std::ranges::copy(from, into.begin());
    return count;
  }
  Result<> write(std::uint64_t offset, std::span<const std::byte> from) override {
    if (content_->size() < offset + from.size()) content_->resize(offset + from.size());
    std::ranges::copy(from, std::as_writable_bytes(std::span(*content_)).begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  }
  Result<> truncate(std::uint64_t size) override {
    content_->resize(size);
    return {};
  }
  Result<> sync() override { return {}; }
  Result<std::uint64_t> size() override { return content_->size(); }

 private:
  std::shared_ptr<std::string> content_;
};

}  // namespace

void CopyDisk::put(const std::string& name, std::string content) {
  files_[name] = std::make_shared<std::string>(std::move(content));
}

Result<std::unique_ptr<File>> CopyDisk::open(std::string_view name, OpenMode mode) {
  auto found = files_.find(name);
  if (found == files_.end()) {
    if (mode == OpenMode::read_only) return fail(Code::not_found, "there is no file " + std::string(name));
    found = files_.emplace(name, std::make_shared<std::string>()).first;
  }
  return std::make_unique<CopyFile>(found->second);
}

bool CopyDisk::exists(std::string_view name) const { return files_.contains(name); }

Result<> CopyDisk::remove(std::string_view name) {
  auto found = files_.find(name);
  if (found == files_.end()) return fail(Code::not_found, "there is no file " + std::string(name));
  files_.erase(found);
  return {};
}

Result<> CopyDisk::rename(std::string_view from, std::string_view to) {
  auto found = files_.find(from);
  if (found == files_.end()) return fail(Code::not_found, "there is no file " + std::string(from));
  auto content = std::move(found->second);
  files_.erase(found);
  files_[std::string(to)] = std::move(content);
  return {};
}

std::vector<std::string> CopyDisk::list(std::string_view prefix) const {
  std::vector<std::string> out;
  for (const auto& [name, content] : files_)
    if (name.starts_with(prefix)) out.push_back(name);
  return out;
}

}  // namespace kumasim::cp
