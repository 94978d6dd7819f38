/// MeshFaultInjection's conf from JSON.
#include "reference-cp/policy/mesh_fault_injection/spec.hpp"

#include <charconv>

#include "reference-cp/policy/conf_read.hpp"

namespace kumasim::cp::policy::mesh_fault_injection {

std::uint64_t kbps(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  if (text == "kbps") return number;
  if (text == "Mbps") return number * 1000;
  return text == "Gbps" ? number * 1'000'000 : 0;
}

std::vector<Fault> faults_from_json(const nlohmann::json& conf) {
  std::vector<Fault> faults;
  for (const auto& json : list_at(conf, "http")) {
    Fault fault;
    auto percentage = [](const nlohmann::json& part) { return decimal_at(part, "percentage").value_or(0); };
    if (const auto& abort = at(json, "abort"); abort.is_object())
      fault.abort = Abort{number_at(abort, "httpStatus"), percentage(abort)};
    if (const auto& delay = at(json, "delay"); delay.is_object())
      fault.delay = Delay{duration_at(delay, "value").value_or(Duration::zero()), percentage(delay)};
    if (const auto& bandwidth = at(json, "responseBandwidth"); bandwidth.is_object())
      fault.bandwidth = Bandwidth{kbps(text_at(bandwidth, "limit")), percentage(bandwidth)};
    faults.push_back(fault);
  }
  return faults;
}

}  // namespace kumasim::cp::policy::mesh_fault_injection
