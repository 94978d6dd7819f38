#include "tests/real_envoy/acceptance.hpp"

#include <algorithm>
#include <fstream>
#include <mutex>
#include <tuple>

#include <fmt/format.h>

#include "tests/real_envoy/over_cases.hpp"

namespace kumasim::test {
namespace {

/// The same for a proxy in every run, and different within most cases.
cp::AdsVariant variant_of(const std::string& id, const std::string& proxy) {
  unsigned sum = 0;
  for (char c : id + proxy) sum += static_cast<unsigned char>(c);
  return sum % 2 == 0 ? cp::AdsVariant::state_of_the_world : cp::AdsVariant::delta;
}

std::vector<Finding> findings(const std::string& id, const std::string& proxy, const RealEnvoy& envoy) {
  std::vector<Finding> out;
  for (const Refusal& refusal : envoy.refusals())
    out.push_back({id, proxy, refusal.type_url.substr(refusal.type_url.rfind('.') + 1), refusal.message});
  if (out.empty() && !envoy.ready()) out.push_back({id, proxy, "warming", envoy.trouble()});
  return out;
}

/// On a busy machine Envoy may give up waiting for what comes late; what is really missing is missing twice.
Result<std::unique_ptr<RealEnvoy>> configured(const CorpusProxy& proxy, cp::AdsVariant variant) {
  auto envoy = RealEnvoy::start(*proxy.snapshot, proxy.options(variant));
  if (!envoy || (*envoy)->ready() || !(*envoy)->refusals().empty()) return envoy;
  envoy->reset();  // the next one has the same folder
  return RealEnvoy::start(*proxy.snapshot, proxy.options(variant));
}

class Accepting {
 public:
  Accepting(const std::vector<cp::golden::Case>& cases, const TakesProxy& takes) : takes_(takes) {
    over_cases("real_envoy_acceptance", cases, [this](const cp::golden::Case& subject) { return run(subject); });
    std::ranges::stable_sort(out.findings, {}, [](const Finding& f) { return std::tie(f.id, f.proxy); });
  }
  Acceptance out;

 private:
  /// False where no Envoy can run here.
  bool run(const cp::golden::Case& subject) {
    CorpusCase loaded = load(subject);
    std::vector<Finding> found;
    std::size_t with = 0, without = 0;
    for (const CorpusProxy& proxy : loaded.proxies) {
      if (!takes_(loaded.id, proxy.name)) continue;
      ++(proxy.snapshot->empty() ? without : with);
      if (proxy.snapshot->empty()) continue;
      auto envoy = configured(proxy, variant_of(loaded.id, proxy.name));
      if (envoy) {
        std::ranges::move(findings(loaded.id, proxy.name, **envoy), std::back_inserter(found));
      } else if (envoy.error().code == Code::unavailable) {
        found.push_back({loaded.id, proxy.name, "start", envoy.error().message});
      } else {
        std::lock_guard lock(mutex_);
        out.impossible = envoy.error();
        return false;
      }
    }
    std::lock_guard lock(mutex_);
    ++out.cases;
    out.proxies += with;
    out.without += without;
    std::ranges::move(found, std::back_inserter(out.findings));
    return true;
  }

  const TakesProxy& takes_;
  std::mutex mutex_;
};

}  // namespace

Acceptance accept(const std::vector<cp::golden::Case>& cases, const TakesProxy& takes) {
  Accepting done(cases, takes);
  return std::move(done.out);
}

std::vector<KnownRefusal> known_refusals() {
  std::ifstream file(std::filesystem::path(KUMASIM_SOURCE_DIR) / "tests/real_envoy/known_refusals.json");
  std::vector<KnownRefusal> out;
  const nlohmann::json known = nlohmann::json::parse(file);
  for (const auto& [id, proxies] : known.at("refusals").items())
    for (const auto& [proxy, kinds] : proxies.items())
      for (const nlohmann::json& name : kinds) {
        const nlohmann::json& kind = known.at("kinds").at(name.get<std::string>());
        out.push_back({id, proxy, kind.at("what"), kind.at("message"), kind.at("reason")});
      }
  return out;
}

}  // namespace kumasim::test
