/// Files in memory with a memory of what was not yet synced.
#include "kumasim/sim/disk.hpp"

#include <algorithm>
#include <cstring>

#include "kumasim/sim/hash.hpp"

namespace kumasim::sim {
namespace {

constexpr std::uint64_t sector_bytes = 512;

}  // namespace

/// A file as programs see it, and the changes since the last sync with what they replaced.
struct VirtualDisk::Content {
  struct Change {
    std::uint64_t offset = 0;
    std::string before, after;  // the bytes from offset to the end of the shorter one
    std::uint64_t size_before = 0, size_after = 0;
  };

  std::string bytes;
  std::vector<Change> unsynced;

  void apply(std::uint64_t offset, std::string_view data, std::uint64_t size_after) {
    Change change{offset, {}, std::string(data), bytes.size(), size_after};
    if (offset < bytes.size()) {
      // A truncation replaces everything behind it, a write as much as it covers.
      auto length = size_after < bytes.size() && data.empty() ? std::string::npos : data.size();
      change.before = bytes.substr(offset, length);
    }
    unsynced.push_back(std::move(change));
    put(offset, data, size_after);
  }

  void put(std::uint64_t offset, std::string_view data, std::uint64_t size) {
    bytes.resize(size, '\0');
    if (!data.empty() && offset + data.size() <= bytes.size())
      std::memcpy(bytes.data() + offset, data.data(), data.size());
  }

  /// Each sector that the write covers is kept or lost by chance.
  void put_some_sectors(const Change& change, std::uint64_t size, Random& random) {
    for (std::uint64_t at = 0; at < change.after.size();) {
      auto next = ((change.offset + at) / sector_bytes + 1) * sector_bytes - change.offset;
      auto end = std::min<std::uint64_t>(next, change.after.size());
      if (random.below(2) == 1) put(change.offset + at, std::string_view(change.after).substr(at, end - at), size);
      at = end;
    }
  }

  void crash(UnsyncedWrites how, bool tears, Random& random) {
    // They are in the machine's memory, not on the disk: a power failure may still take them.
    if (how == UnsyncedWrites::keep) return;
    auto changes = std::move(unsynced);
    unsynced.clear();
    for (auto change = changes.rbegin(); change != changes.rend(); ++change)
      put(change->offset, change->before, change->size_before);
    if (how == UnsyncedWrites::lose) return;
    for (const auto& change : changes) {
      auto kept = random.below(2) == 1;
      if (!kept) continue;
      auto end = change.offset + change.after.size();
      auto size = change.after.empty() ? change.size_after : std::max<std::uint64_t>(bytes.size(), end);
      if (tears && !change.after.empty())
        put_some_sectors(change, size, random);
      else
        put(change.offset, change.after, size);
    }
  }
};

namespace {

using Content = VirtualDisk::Content;
using Trouble = VirtualDisk::Trouble;

bool by_chance(const Trouble& trouble, std::uint32_t share_ppm) {
  return share_ppm > 0 && trouble.random->below(1'000'000) < share_ppm;
}

void hold_up(const Trouble& trouble, std::uint64_t bytes) {
  if (!trouble.faults.holds_up) return;
  auto time = trouble.faults.stall.draw(*trouble.random);
  if (auto rate = trouble.faults.bytes_per_second; rate > 0)
    time += Duration(static_cast<std::int64_t>(bytes * std::uint64_t{1'000'000'000} / rate));
  if (time > Duration(0)) trouble.faults.holds_up(time);
}

/// Whether an operation can be done at all, which takes so many bytes to or from the disk.
Result<> possible(const Trouble& trouble, bool changes, std::uint64_t bytes = 0) {
  hold_up(trouble, bytes);
  if (by_chance(trouble, trouble.faults.failing_ppm)) return fail(Code::unavailable, "input/output error");
  if (changes && trouble.faults.read_only) return fail(Code::permission_denied, "the disk can be read only");
  return {};
}

class VirtualFile final : public File {
 public:
  VirtualFile(std::shared_ptr<Content> content, std::function<void(std::uint64_t)> on_change,
              std::shared_ptr<const Trouble> trouble, OpenMode mode)
      : content_(std::move(content)), on_change_(std::move(on_change)), trouble_(std::move(trouble)), mode_(mode) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
    if (auto able = possible(*trouble_, false, into.size()); !able) return fail(able.error());
    const auto& bytes = content_->bytes;
    if (offset >= bytes.size()) return 0;
    auto count = std::min<std::size_t>(into.size(), bytes.size() - offset);
    std::memcpy(into.data(), bytes.data() + offset, count);
    if (count > 0 && by_chance(*trouble_, trouble_->faults.rotting_ppm)) {
      auto bit = trouble_->random->below(count * 8);
      into[bit / 8] ^= std::byte{1} << bit % 8;
    }
    return count;
  }

  Result<> write(std::uint64_t offset, std::span<const std::byte> from) override {
    if (mode_ == OpenMode::read_only) return fail(Code::permission_denied, "the file is open for reading only");
    if (from.empty()) return {};
    if (auto able = possible(*trouble_, true, from.size()); !able) return able;
    if (by_chance(*trouble_, trouble_->faults.misdirected_ppm)) offset += sector_bytes;
    auto size = std::max<std::uint64_t>(content_->bytes.size(), offset + from.size());
    if (trouble_->faults.full && size > content_->bytes.size())
      return fail(Code::resource_exhausted, "no space left on device");
    content_->apply(offset, {reinterpret_cast<const char*>(from.data()), from.size()}, size);
    on_change_(hash_bytes(from, offset));
    return {};
  }

  Result<> truncate(std::uint64_t size) override {
    if (mode_ == OpenMode::read_only) return fail(Code::permission_denied, "the file is open for reading only");
    if (auto able = possible(*trouble_, true); !able) return able;
    content_->apply(std::min<std::uint64_t>(size, content_->bytes.size()), {}, size);
    on_change_(size);
    return {};
  }

  Result<> sync() override {
    if (auto able = possible(*trouble_, false); !able) return able;
    if (!trouble_->faults.loses_syncs) content_->unsynced.clear();
    on_change_(0);
    return {};
  }

  Result<std::uint64_t> size() override { return content_->bytes.size(); }

 private:
  std::shared_ptr<Content> content_;
  std::function<void(std::uint64_t)> on_change_;
  std::shared_ptr<const Trouble> trouble_;
  OpenMode mode_;
};

}  // namespace

VirtualDisk::VirtualDisk(std::function<void(std::uint64_t)> on_change) : on_change_(std::move(on_change)) {}

VirtualDisk::~VirtualDisk() = default;

Result<std::unique_ptr<File>> VirtualDisk::open(std::string_view name, OpenMode mode) {
  if (name.empty()) return fail(Code::invalid_argument, "a file needs a name");
  auto found = files_.find(name);
  bool makes = found == files_.end() && mode != OpenMode::read_only;
  if (auto able = possible(*faults_, makes); !able) return fail(able.error());
  if (found == files_.end()) {
    if (!makes) return fail(Code::not_found, "no file " + std::string(name));
    found = files_.emplace(name, std::make_shared<Content>()).first;
  }
  return std::make_unique<VirtualFile>(found->second, on_change_, faults_, mode);
}

bool VirtualDisk::exists(std::string_view name) const { return files_.contains(name); }

Result<> VirtualDisk::remove(std::string_view name) {
  if (auto able = possible(*faults_, true); !able) return able;
  auto found = files_.find(name);
  if (found == files_.end()) return fail(Code::not_found, "no file " + std::string(name));
  files_.erase(found);
  on_change_(hash_text(name));
  return {};
}

Result<> VirtualDisk::rename(std::string_view from, std::string_view to) {
  if (auto able = possible(*faults_, true); !able) return able;
  auto found = files_.find(from);
  if (found == files_.end()) return fail(Code::not_found, "no file " + std::string(from));
  auto content = found->second;
  files_.erase(found);
  files_.insert_or_assign(std::string(to), std::move(content));
  on_change_(hash_text(to, hash_text(from)));
  return {};
}

std::vector<std::string> VirtualDisk::list(std::string_view prefix) const {
  std::vector<std::string> names;
  for (auto i = files_.lower_bound(prefix); i != files_.end() && i->first.starts_with(prefix); ++i)
    names.push_back(i->first);
  return names;
}

void VirtualDisk::crash(UnsyncedWrites unsynced, Random& random) {
  for (auto& [name, content] : files_) content->crash(unsynced, faults_->faults.tears, random);
}

}  // namespace kumasim::sim
