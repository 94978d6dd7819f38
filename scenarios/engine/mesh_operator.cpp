#include "scenarios/engine/mesh_operator.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration pause_between = std::chrono::milliseconds(50);

}  // namespace

void MeshOperator::reach(const std::string& zone, std::vector<MeshClient::Door> doors) {
  clients_[zone] = std::make_shared<MeshClient>(std::move(doors));
}

void MeshOperator::begin(Runtime& runtime) {
  runtime_ = &runtime;
  spawn(runtime.executor, runtime.log, "operator", apply_resources());
}

std::string MeshOperator::waits_for() const {
  auto client = clients_.find(asks_);
  std::string trouble = client == clients_.end() ? std::string() : client->second->trouble();
  return fmt::format("{}{}", waits_for_, trouble.empty() ? "" : " (" + trouble + ")");
}

asio::awaitable<void> MeshOperator::apply_resources() {
  co_await apply_resources("");
  for (const Zone& zone : scenario_.zones) {
    if (refused_.empty()) co_await apply_resources(zone.name);
  }
  applied_ = refused_.empty();
}

asio::awaitable<void> MeshOperator::apply_resources(std::string zone) {
  std::string name = scenario_.zones.empty() ? "the control plane" : scenario_.control_plane_in(zone).name;
  waits_for_ = name + " did not take the resources";
  asks_ = zone;
  co_await clients_.at(zone)->wait_until_up();
  if (!zone.empty()) co_await wait_for_meshes(zone);
  for (const ResourceText& resource : scenario_.resources) {
    if (resource.zone != zone) continue;
    std::string problem = co_await clients_.at(zone)->apply(resource.body);
    if (problem.empty()) continue;
    ResourceName is = resource_name(resource.body);
    refused_ = fmt::format("{}: the control plane refused {} `{}`: {}", resource.origin, is.type, is.name, problem);
    co_return;
  }
}

asio::awaitable<void> MeshOperator::wait_for_meshes(std::string zone) {
  auto of_global = [&](const std::string& mesh) {
    return std::ranges::none_of(scenario_.resources, [&](const ResourceText& resource) {
      ResourceName is = resource_name(resource.body);
      return resource.zone == zone && is.type == "Mesh" && is.name == mesh;
    });
  };
  for (const Service& service : scenario_.services) {
    if (!of_global(service.mesh)) continue;
    waits_for_ = fmt::format("the control plane of zone {} did not get mesh {} from Global", zone, service.mesh);
    while ((co_await clients_.at(zone)->read({"Mesh", "", service.mesh})).is_null())
      co_await sleep(runtime_->timers, pause_between);
  }
}

void MeshOperator::apply(const std::string& zone, const nlohmann::json& resource,
                         std::function<void(std::string)> done) {
  ask(clients_.at(zone), clients_.at(zone)->apply(resource), std::move(done));
}

void MeshOperator::remove(const std::string& zone, const ResourceName& is, std::function<void(std::string)> done) {
  ask(clients_.at(zone), clients_.at(zone)->remove(is), std::move(done));
}

void MeshOperator::read(const std::string& zone, const ResourceName& is, std::function<void(nlohmann::json)> done) {
  ask(clients_.at(zone), clients_.at(zone)->read(is), std::move(done));
}

template <class T>
void MeshOperator::ask(std::shared_ptr<MeshClient> client, asio::awaitable<T> call, std::function<void(T)> done) {
  auto task = [](std::shared_ptr<MeshClient>, asio::awaitable<T> answer,
                 std::function<void(T)> tell) -> asio::awaitable<void> { tell(co_await std::move(answer)); };
  spawn(runtime_->executor, runtime_->log, "operator", task(std::move(client), std::move(call), std::move(done)));
}

}  // namespace kumasim::scenario
