#include "tests/real_envoy/acceptance.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>
#include <thread>
#include <tuple>

#include <fmt/format.h>

namespace kumasim::test {
namespace {

constexpr int workers = 2;

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

class Workers {
 public:
  explicit Workers(const std::vector<cp::golden::Case>& cases) : cases_(cases) {
    std::vector<std::thread> threads;
    for (int i = 0; i < workers; ++i) threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    std::ranges::stable_sort(out.findings, {}, [](const Finding& f) { return std::tie(f.id, f.proxy); });
  }
  Acceptance out;

 private:
  void work() {
    for (std::size_t i; !impossible_ && (i = next_++) < cases_.size();) run(cases_[i]);
  }

  void run(const cp::golden::Case& subject) {
    CorpusCase loaded = load(subject);
    std::vector<Finding> found;
    std::size_t with = 0;
    for (const CorpusProxy& proxy : loaded.proxies) {
      if (proxy.snapshot->empty()) continue;
      ++with;
      auto envoy = configured(proxy, variant_of(loaded.id, proxy.name));
      if (envoy) {
        std::ranges::move(findings(loaded.id, proxy.name, **envoy), std::back_inserter(found));
      } else if (envoy.error().code == Code::unavailable) {
        found.push_back({loaded.id, proxy.name, "start", envoy.error().message});
      } else {
        std::lock_guard lock(mutex_);
        out.impossible = envoy.error();
        impossible_ = true;
        return;
      }
    }
    std::lock_guard lock(mutex_);
    ++out.cases;
    out.proxies += with;
    out.without += loaded.proxies.size() - with;
    std::ranges::move(found, std::back_inserter(out.findings));
  }

  const std::vector<cp::golden::Case>& cases_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> impossible_ = false;
  std::mutex mutex_;
};

}  // namespace

Acceptance accept(const std::vector<cp::golden::Case>& cases) {
  Workers done(cases);
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
