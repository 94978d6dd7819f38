#include "scenarios/live/live_member.hpp"

#include <fmt/format.h>

namespace kumasim::scenario {
namespace {

std::string law_name(DelayLaw::Law law) {
  using Law = DelayLaw::Law;
  switch (law) {
    case Law::uniform: return "uniform";
    case Law::exponential: return "exp";
    case Law::lognormal: return "lognormal";
    case Law::normal: return "normal";
    case Law::bimodal: return "bimodal";
    default: return "const";
  }
}

}  // namespace

std::string LiveMember::proxy_type() const {
  if (instance != nullptr) return "dataplane";
  return role == ZoneProxyRole::ingress ? "ingress" : "egress";
}

nlohmann::json LiveMember::resource(const Scenario& scenario) const {
  nlohmann::json out =
      instance == nullptr ? zone_proxy_of(name, role, address) : dataplane_of(scenario, *instance, address, ports);
  nlohmann::json& networking = out["networking"];
  networking["admin"] = {{"port", admin_port}};
  if (instance == nullptr) return out;
  networking["inbound"][0]["serviceAddress"] = address;
  if (networking.contains("outbound")) {
    for (auto& outbound : networking["outbound"]) outbound["address"] = address;
  }
  return out;
}

std::vector<std::string> LiveMember::echo_arguments() const {
  const DelayLaw& law = instance->latency;
  return {"--address", address,
          "--port",    fmt::format("{}", ports.service),
          "--name",    name,
          "--law",     law_name(law.law),
          "--a",       fmt::format("{}", law.a.count()),
          "--b",       fmt::format("{}", law.b.count()),
          "--b-ppm",   fmt::format("{}", law.b_ppm)};
}

}  // namespace kumasim::scenario
