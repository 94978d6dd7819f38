/// Speaks to the control plane's REST API as a person with kumactl would: asks until it is answered.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim {
struct HttpRequest;
struct HttpResponse;
}  // namespace kumasim

namespace kumasim::scenario {

class MeshClient {
 public:
  /// A way to an API: `base` as http://kuma-cp:5681, from where that runtime's connections begin, which must outlive
  /// the client.
  struct Door {
    Runtime* runtime;
    std::string base;
  };

  /// Replicas of one control plane, of which it asks the first until there is trouble, then the next. REQUIRES: there
  /// is one.
  explicit MeshClient(std::vector<Door> doors) : doors_(std::move(doors)) {}

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

  const Door& door() const { return doors_[at_ % doors_.size()]; }
  /// To the door whose turn it is.
  asio::awaitable<Result<HttpResponse>> call(std::string path, HttpRequest request);
  asio::awaitable<void> pause();

  std::vector<Door> doors_;
  std::size_t at_ = 0;
  std::string trouble_ = "it was not asked yet";
};

}  // namespace kumasim::scenario
