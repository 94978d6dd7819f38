/// Counters and gauges of one proxy by Envoy's names.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "kumasim/sim/hash.hpp"

namespace kumasim::sim::proxy {

class Stats {
 public:
  void add(std::string_view name, std::uint64_t by = 1) { slot(name) += by; }
  void set(std::string_view name, std::uint64_t value) { slot(name) = value; }
  std::uint64_t get(std::string_view name) const {
    auto found = values_.find(name);
    return found == values_.end() ? 0 : found->second;
  }
  std::map<std::string, std::uint64_t, std::less<>> all() const { return {values_.begin(), values_.end()}; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return hash_text(name); }
  };

  std::uint64_t& slot(std::string_view name) {
    auto found = values_.find(name);
    return found != values_.end() ? found->second : values_.emplace(name, 0).first->second;
  }
  // Several are counted for each call, and their names begin alike.
  std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> values_;
};

}  // namespace kumasim::sim::proxy
