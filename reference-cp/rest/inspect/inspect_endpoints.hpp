/// GET of what policies make of the proxies of a mesh (Kuma docs, "Inspect API"): which path is which view.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/transport/http.hpp"
#include "reference-cp/rest/user.hpp"
#include "reference-cp/store/store.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

struct InspectOptions {
  bool global = false;  ///< a global control plane makes no proxy's configuration
  /// A mesh as the control plane sees it now; nullptr where it does not know it.
  std::function<MeshView::Ptr(const std::string& mesh)> view;
  /// Everything that a proxy would be sent, `{type URL: {name: resource}}`; with shadow policies if asked for.
  std::function<nlohmann::json(const MeshView&, ResourcePtr dataplane, const nlohmann::json& metadata, bool shadow)>
      config;
};

class InspectEndpoints {
 public:
  /// `store` must outlive it.
  InspectEndpoints(Store& store, InspectOptions options) : store_(store), options_(std::move(options)) {}

  /// nullopt for a path that is none of these.
  asio::awaitable<std::optional<HttpResponse>> handle(const HttpRequest& request, const User& user) const;

 private:
  /// "/meshes/MESH/COLLECTION/NAME/ASPECT...", taken apart.
  struct Call {
    const HttpRequest& request;
    std::vector<std::string> parts;
    ResourceKey key{};
    const Kind* kind = nullptr;         ///< nullptr where the collection is not known
    std::vector<std::string> aspect{};  ///< what comes after the name
  };

  asio::awaitable<HttpResponse> rules(const Call& call) const;
  asio::awaitable<HttpResponse> dataplanes(const Call& call) const;
  asio::awaitable<HttpResponse> layout(const Call& call) const;
  asio::awaitable<HttpResponse> policies(const Call& call) const;
  asio::awaitable<HttpResponse> hostnames(const Call& call) const;
  asio::awaitable<HttpResponse> config(const Call& call) const;
  asio::awaitable<HttpResponse> attached(const Call& call) const;
  asio::awaitable<HttpResponse> attached_dataplanes(const Call& call) const;

  Store& store_;
  InspectOptions options_;
};

}  // namespace kumasim::cp
