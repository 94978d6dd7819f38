/// Counters and gauges of one proxy by Envoy's names.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kumasim::sim::proxy {

class Stats {
 public:
  void add(std::string_view name, std::uint64_t by = 1) { slot(name) += by; }
  void set(std::string_view name, std::uint64_t value) { slot(name) = value; }
  std::uint64_t get(std::string_view name) const {
    auto found = values_.find(name);
    return found == values_.end() ? 0 : found->second;
  }
  const std::map<std::string, std::uint64_t, std::less<>>& all() const { return values_; }

 private:
  std::uint64_t& slot(std::string_view name) {
    auto found = values_.find(name);
    return found != values_.end() ? found->second : values_.emplace(name, 0).first->second;
  }
  std::map<std::string, std::uint64_t, std::less<>> values_;
};

}  // namespace kumasim::sim::proxy
