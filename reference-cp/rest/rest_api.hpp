/// Kuma's REST API over the manager: a function from a request to its answer.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "kumasim/transport/http.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/rest/list_query.hpp"
#include "reference-cp/rest/user.hpp"

namespace kumasim::cp {

/// Endpoints beyond resources (tokens, inspection), tried before a path is given up: nullopt passes.
using FurtherEndpoint =
    std::function<asio::awaitable<std::optional<HttpResponse>>(const HttpRequest& request, const User& user)>;

struct RestOptions {
  bool federated = false;    // a zone under a global control plane: only what zones make may be written
  bool read_only = false;    // KUMA_API_SERVER_READ_ONLY
  bool check_origin = true;  // labels of a foreign origin are refused
  bool gui = true;
  std::string hostname = "localhost";
  std::string instance_id = "kuma-cp";
  std::function<std::string()> cluster_id{};  // absent: ""
  std::string product = "Kuma";
  std::string version = "2.12.14";
  std::string service_address = ".mesh:80";          // follows a service's name where applications reach it
  nlohmann::json config = nlohmann::json::object();  // what GET /config shows; secrets are left out already
  Access access{};
  /// Who asks; unauthenticated refuses the request. Empty: everyone is admin.
  std::function<asio::awaitable<Result<User>>(const HttpRequest&)> authenticate{};
  FurtherEndpoint further{};
};

/// The kind that holds what the control plane saw of resources of this kind; nullptr where it keeps nothing of them.
const Kind* insight_kind(const Kind& kind);

class RestApi {
 public:
  /// `manager` must outlive the API. `clock` gives times of computed answers.
  RestApi(Manager& manager, const Clock& clock, RestOptions options);

  asio::awaitable<HttpResponse> handle(HttpRequest request);

  /// Whether resources of this kind cannot be written here.
  bool is_read_only(const Kind& kind) const;

 private:
  /// One request, taken apart.
  struct Call {
    HttpRequest request;
    User user;
    std::string path;  // cleaned, without a slash at its end
    std::vector<std::string> parts;
    Query query;
  };
  /// A path that names resources of a kind.
  struct Place {
    const Kind* kind = nullptr;
    std::string mesh;   // "" for global kinds and for all meshes
    std::string name;   // "" for a collection
    std::string route;  // with variables in braces
    bool overview = false;
  };

  std::optional<Place> find_place(const std::vector<std::string>& parts) const;
  std::optional<nlohmann::json> describe(const Call& call) const;
  asio::awaitable<HttpResponse> answer_place(Call call, Place place);
  /// The answer where the place is in a mesh that is not there.
  asio::awaitable<std::optional<HttpResponse>> missing_mesh(const Place& place);
  asio::awaitable<HttpResponse> get_one(const Call& call, const Place& place);
  asio::awaitable<HttpResponse> get_list(const Call& call, const Place& place);
  asio::awaitable<HttpResponse> put(const Call& call, const Place& place);
  asio::awaitable<HttpResponse> remove(const Call& call, const Place& place);
  asio::awaitable<std::optional<HttpResponse>> insight(const Call& call);
  /// Those of one mesh or of all ("") meshes; one of them where `service` is not empty.
  asio::awaitable<HttpResponse> service_insight(const Call& call, std::string mesh, std::string service);
  asio::awaitable<HttpResponse> global_insight();
  asio::awaitable<HttpResponse> global_insights();
  Violations check_request(const Place& place, const Resource& resource, const nlohmann::json& body) const;
  Violations check_labels(const Resource& resource) const;
  std::optional<HttpResponse> deny(const Kind& kind, const User& user) const;
  std::string read_only_text() const;
  nlohmann::json policies() const;
  nlohmann::json resource_types() const;

  Manager& manager_;
  const Clock& clock_;
  RestOptions options_;
};

}  // namespace kumasim::cp
