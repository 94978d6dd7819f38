/// REST calls with patience.
#include "scenarios/engine/mesh_client.hpp"

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration patience = std::chrono::seconds(5);
constexpr Duration pause_between = std::chrono::milliseconds(200);
constexpr int conflict = 409;   // another has written it since the control plane read it
constexpr int tries_max = 300;  // of a write that meets one each time: a minute

std::string path_of(const cp::Kind& kind, const std::string& mesh, const std::string& name) {
  return kind.is_global() ? fmt::format("/{}/{}", kind.path(), name)
                          : fmt::format("/meshes/{}/{}/{}", mesh, kind.path(), name);
}

/// The control plane's words for what is wrong, without the rest of its answer.
std::string reason(const HttpResponse& response) {
  nlohmann::json body = nlohmann::json::parse(response.body, nullptr, false);
  std::string out = fmt::format("status {}", response.status);
  if (!body.is_object()) return out;
  if (body.contains("detail") && body["detail"].is_string()) out += ": " + body["detail"].get<std::string>();
  for (const auto& parameter : body.value("invalid_parameters", nlohmann::json::array())) {
    out += fmt::format("; {}: {}", parameter.value("field", ""), parameter.value("reason", ""));
  }
  return out;
}

}  // namespace

void MeshClient::note(const Result<HttpResponse>& answer) {
  trouble_ = !answer ? answer.error().message : answer->status >= 500 ? reason(*answer) : std::string();
  if (!trouble_.empty()) ++at_;
}

asio::awaitable<Result<HttpResponse>> MeshClient::call(std::string path, HttpRequest request) {
  Runtime& runtime = *door().runtime;
  auto answer = co_await http_call(runtime.network, runtime.timers, door().base + path, std::move(request), nullptr,
                                   patience);
  note(answer);
  co_return answer;
}

asio::awaitable<void> MeshClient::pause() { co_await sleep(doors_.front().runtime->timers, pause_between); }

asio::awaitable<void> MeshClient::wait_until_up() {
  while (true) {
    co_await call("/meshes/default", {});
    if (trouble_.empty()) co_return;
    co_await pause();
  }
}

asio::awaitable<HttpResponse> MeshClient::ask(std::string method, std::string path, std::string body) {
  while (true) {
    HttpRequest request;
    request.method = method;
    request.headers.add("Content-Type", "application/json");
    request.body = body;
    auto answer = co_await call(path, std::move(request));
    if (trouble_.empty()) co_return std::move(*answer);
    co_await pause();
  }
}

asio::awaitable<std::string> MeshClient::send(std::string method, std::string path, std::string body) {
  for (int tries = 1;; ++tries) {
    HttpResponse answer = co_await ask(method, path, body);
    if (answer.status != conflict || tries == tries_max) co_return answer.status < 300 ? std::string() : reason(answer);
    co_await pause();
  }
}

asio::awaitable<std::string> MeshClient::apply(nlohmann::json body) {
  auto resource = cp::resource_from_json(body);
  if (!resource) {
    // What is wrong with it is for the control plane to say.
    ResourceName is = resource_name(body);
    const cp::Kind* kind = cp::find_kind(is.type);
    if (kind == nullptr || is.name.empty()) co_return resource.error().message;
    co_return co_await send("PUT", path_of(*kind, is.mesh, is.name), body.dump());
  }
  nlohmann::json universal = cp::resource_to_json(*resource);
  universal.erase("creationTime");
  universal.erase("modificationTime");
  co_return co_await send("PUT", path_of(*resource->kind, resource->meta.mesh, resource->meta.name), universal.dump());
}

asio::awaitable<std::string> MeshClient::remove(ResourceName is) {
  const cp::Kind* kind = cp::find_kind(is.type);
  if (kind == nullptr) co_return fmt::format("there is no kind `{}`", is.type);
  co_return co_await send("DELETE", path_of(*kind, is.mesh, is.name), "");
}

asio::awaitable<nlohmann::json> MeshClient::read(ResourceName is) {
  const cp::Kind* kind = cp::find_kind(is.type);
  if (kind == nullptr) co_return nullptr;
  HttpResponse answer = co_await ask("GET", path_of(*kind, is.mesh, is.name), "");
  if (answer.status != 200) co_return nullptr;
  nlohmann::json body = nlohmann::json::parse(answer.body, nullptr, false);
  if (!body.is_object()) co_return nullptr;
  // What the control plane says of it is no part of it.
  for (const char* field : {"creationTime", "modificationTime", "kri", "status"}) body.erase(field);
  co_return body;
}

}  // namespace kumasim::scenario
