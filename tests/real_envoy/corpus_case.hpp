/// A case of the conformance corpus with its proxies as real Envoys can run them: real certificates, files of their
/// own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/golden/corpus.hpp"
#include "tests/golden/universe.hpp"
#include "tests/real_envoy/corpus_certificates.hpp"
#include "tests/real_envoy/real_envoy.hpp"
#include "tests/real_envoy/scratch_folder.hpp"

namespace kumasim::test {

struct CorpusProxy {
  std::string name = {};
  nlohmann::json node = {};  ///< as recorded, but that its paths lead into `folder`
  bool builtin_gateway = false;
  std::shared_ptr<const ScratchFolder> folder = {};
  std::shared_ptr<const cp::Snapshot> snapshot = {};

  RealEnvoyOptions options(cp::AdsVariant variant = cp::AdsVariant::state_of_the_world) const;
};

struct CorpusCase {
  std::string id = {};
  std::shared_ptr<CorpusCertificates> certificates = {};
  std::shared_ptr<const ScratchFolder> folder = std::make_shared<const ScratchFolder>();  ///< in place of /tmp
  std::shared_ptr<const cp::golden::Universe> universe = {};
  std::vector<CorpusProxy> proxies = {};  ///< those that the recorded control plane gave a bootstrap, by name
};

CorpusCase load(const cp::golden::Case& subject);

}  // namespace kumasim::test
