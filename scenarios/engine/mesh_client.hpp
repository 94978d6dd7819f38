/// Speaks to the control plane's REST API as a person with kumactl would: applies and deletes until it is answered.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/runtime.hpp"

namespace kumasim::scenario {

class MeshClient {
 public:
  /// `base` as http://kuma-cp:5681. The runtime must outlive the client.
  MeshClient(Runtime& runtime, std::string base) : runtime_(runtime), base_(std::move(base)) {}

  /// Returns once the API answers.
  asio::awaitable<void> wait_until_up();
  /// "" where the control plane took it, else its reason. Repeats while nobody answers or it answers 5xx.
  asio::awaitable<std::string> apply(nlohmann::json resource);
  asio::awaitable<std::string> remove(std::string type, std::string mesh, std::string name);

 private:
  asio::awaitable<std::string> send(std::string method, std::string path, std::string body);

  Runtime& runtime_;
  std::string base_;
};

}  // namespace kumasim::scenario
