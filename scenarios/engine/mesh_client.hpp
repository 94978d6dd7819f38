/// Speaks to the control plane's REST API as a person with kumactl would: asks until it is answered.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim {
struct HttpResponse;
}

namespace kumasim::scenario {

class MeshClient {
 public:
  /// `bases` as http://kuma-cp:5681: replicas of one control plane, of which it asks the first until there is trouble,
  /// then the next. REQUIRES: there is one. The runtime must outlive the client.
  MeshClient(Runtime& runtime, std::vector<std::string> bases) : runtime_(runtime), bases_(std::move(bases)) {}

  /// Returns once the API answers.
  asio::awaitable<void> wait_until_up();
  /// "" where the control plane took it, else its reason. Repeats while nobody answers or it answers 5xx, and for a
  /// minute where it answers 409.
  asio::awaitable<std::string> apply(nlohmann::json resource);
  asio::awaitable<std::string> remove(ResourceName is);
  /// The resource in its Universal form; null where there is none.
  asio::awaitable<nlohmann::json> read(ResourceName is);

  /// Why the last attempt has to be made again: "Connection refused", "status 503"; "" after one that was answered.
  const std::string& trouble() const { return trouble_; }

 private:
  void note(const Result<HttpResponse>& answer);
  asio::awaitable<HttpResponse> ask(std::string method, std::string path, std::string body);
  asio::awaitable<std::string> send(std::string method, std::string path, std::string body);

  const std::string& base() const { return bases_[at_ % bases_.size()]; }

  Runtime& runtime_;
  std::vector<std::string> bases_;
  std::size_t at_ = 0;
  std::string trouble_ = "it was not asked yet";
};

}  // namespace kumasim::scenario
