#include "reference-cp/xds/derive/address_pool.hpp"

#include <cstdio>
#include <optional>

#include <fmt/format.h>

namespace kumasim::cp::derive {
namespace {

std::optional<std::uint32_t> parse(const std::string& text) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  char end = 0;
  if (std::sscanf(text.c_str(), "%3u.%3u.%3u.%3u%c", &a, &b, &c, &d, &end) != 4) return std::nullopt;
  if (a > 255 || b > 255 || c > 255 || d > 255) return std::nullopt;
  return a << 24 | b << 16 | c << 8 | d;
}

}  // namespace

AddressPool::AddressPool(const std::string& first, unsigned bits)
    : first_(parse(first).value_or(0)), size_(std::uint64_t(1) << (32 - bits)) {}

bool AddressPool::contains(const std::string& address) const {
  auto number = parse(address);
  return number && *number >= first_ && *number - first_ < size_;
}

void AddressPool::take(const std::string& address) {
  put_by_.erase(address);
  ++holders_[address];
}

void AddressPool::give_back(const std::string& address) {
  auto held = holders_.find(address);
  if (held == holders_.end() || --held->second > 0) return;
  holders_.erase(held);
  if (contains(address)) returned_.push_back(address);
}

void AddressPool::cancel(const std::string& address) {
  if (put_by_.erase(address) > 0 && is_free(address)) returned_.push_front(address);
}

std::string AddressPool::next() {
  while (used_ < size_) {
    std::uint32_t at = first_ + static_cast<std::uint32_t>(used_++);
    std::string address = fmt::format("{}.{}.{}.{}", at >> 24, at >> 16 & 255, at >> 8 & 255, at & 255);
    if (!is_free(address)) continue;
    put_by_.insert(address);
    return address;
  }
  while (!returned_.empty()) {
    std::string address = std::move(returned_.front());
    returned_.pop_front();
    if (!is_free(address)) continue;
    put_by_.insert(address);
    return address;
  }
  return {};
}

}  // namespace kumasim::cp::derive
