#include "reference-cp/xds/derive/address_pool.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace kumasim::cp::derive {

AddressPool::AddressPool(const std::string& first, unsigned bits) : left_(std::uint64_t(1) << (32 - bits)) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  std::sscanf(first.c_str(), "%3u.%3u.%3u.%3u", &a, &b, &c, &d);
  at_ = a << 24 | b << 16 | c << 8 | d;
}

std::string AddressPool::next() {
  for (; left_ > 0; --left_, ++at_) {
    std::string address = fmt::format("{}.{}.{}.{}", at_ >> 24, at_ >> 16 & 255, at_ >> 8 & 255, at_ & 255);
    if (taken_.insert(address).second) return address;
  }
  return {};
}

}  // namespace kumasim::cp::derive
