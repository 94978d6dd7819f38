/// The description of the REST API against the router itself: each has what the other has.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include "kumasim/sim/seeded_random.hpp"
#include "reference-cp/auth/issuer.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/description/operations.hpp"
#include "reference-cp/rest/description/openapi.hpp"
#include "reference-cp/rest/envoy_admin.hpp"
#include "reference-cp/rest/inspect/inspect_endpoints.hpp"
#include "reference-cp/rest/tokens.hpp"
#include "rest/cp_under_test.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// The endpoints beyond resources, in the order in which the control plane asks them.
struct Further {
  explicit Further(Store& store, const Clock& clock)
      : keys(store, clock),
        issuer(keys, clock, random),
        tokens(issuer, {}),
        inspect(store, {.global = false, .view = [](const std::string&) { return nullptr; }, .config = nullptr}),
        envoy(store, {}, [](ResourcePtr, std::string) -> asio::awaitable<Result<std::string>> {
          co_return fail(Code::unavailable, "no Envoy");
        }) {}

  asio::awaitable<std::optional<HttpResponse>> handle(const HttpRequest& request, const User& user) {
    auto answer = co_await tokens.handle(request, user);
    if (!answer) answer = co_await inspect.handle(request, user);
    if (!answer) answer = co_await envoy.handle(request, user);
    co_return answer;
  }

  sim::SeededRandom random{1};
  SigningKeys keys;
  TokenIssuer issuer;
  TokenEndpoints tokens;
  InspectEndpoints inspect;
  EnvoyAdminEndpoints envoy;
};

class Router {
 public:
  Router() : cp_({}, options()), further_(std::make_unique<Further>(cp_.store, cp_.clock)) {}

  /// Whether something answers this: not that there is no such page, that the method is none of its own, or that such
  /// a thing has no such view.
  bool serves(const std::string& method, const std::string& path) {
    HttpRequest request{.method = method, .target = path, .headers = {{"Content-Type", "application/json"}}};
    const HttpResponse answer = cp_.ask(std::move(request));
    if (answer.status == 307) return false;  // to the web page
    auto says = [&](const char* text) { return answer.body.find(text) != std::string::npos; };
    if (answer.status == 404) return !says("404: Page Not Found") && !says("Could not execute admin operation");
    if (answer.status == 405) return false;
    return answer.status != 400 || !says("are available for inspection");
  }

 private:
  RestOptions options() {
    RestOptions out;
    out.further = [this](const HttpRequest& request, const User& user) { return further_->handle(request, user); };
    return out;
  }

  testing::CpUnderTest cp_;
  std::unique_ptr<Further> further_;
};

std::vector<std::string> segments(const std::string& path) {
  std::vector<std::string> out;
  for (std::size_t at = 1; at < path.size();) {
    auto end = std::min(path.find('/', at), path.size());
    out.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(c - 32);
  return text;
}

/// The described operations by method and number of segments.
class Described {
 public:
  Described() {
    for (RestOperation& each : rest_operations()) {
      auto parts = segments(each.path);
      by_size_[{upper(each.method), parts.size()}].push_back({std::move(parts), std::move(each.choices)});
    }
  }

  bool has(const std::string& method, const std::string& path) const {
    const auto parts = segments(path);
    auto found = by_size_.find({method, parts.size()});
    return found != by_size_.end() &&
           std::ranges::any_of(found->second, [&](const Pattern& pattern) { return pattern.fits(parts); });
  }

 private:
  struct Pattern {
    std::vector<std::string> parts;
    std::map<std::string, std::vector<std::string>> choices;

    bool fits(const std::vector<std::string>& given) const {
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!parts[i].starts_with('{')) {
          if (parts[i] != given[i]) return false;
          continue;
        }
        auto choice = choices.find(parts[i].substr(1, parts[i].size() - 2));
        if (choice != choices.end() && std::ranges::find(choice->second, given[i]) == choice->second.end())
          return false;
      }
      return true;
    }
  };
  std::map<std::pair<std::string, std::size_t>, std::vector<Pattern>> by_size_;
};

/// Paths of an operation with values for its variables: one for each value where only some are allowed.
std::vector<std::string> instances(const RestOperation& endpoint) {
  std::vector<std::string> out = {endpoint.path};
  for (const std::string& name : path_variables(endpoint.path)) {
    auto choice = endpoint.choices.find(name);
    const auto values = choice != endpoint.choices.end() ? choice->second
                        : name == "mesh"                 ? std::vector<std::string>{"default"}
                        : name.ends_with("kri")          ? std::vector<std::string>{"kri_msvc_default_zone__backend_80"}
                                                         : std::vector<std::string>{"x"};
    std::vector<std::string> next;
    for (const std::string& path : out)
      for (const std::string& value : values) {
        std::string filled = path;
        filled.replace(filled.find("{" + name + "}"), name.size() + 2, value);
        next.push_back(std::move(filled));
      }
    out = std::move(next);
  }
  return out;
}

TEST(RestDescription, NamesOnlyWhatTheRouterServes) {
  Router router;
  for (const RestOperation& each : rest_operations())
    for (const std::string& path : instances(each))
      EXPECT_TRUE(router.serves(upper(each.method), path)) << each.method << " " << path;
}

/// Every word in quotes in the router's sources that could be a part of a path.
std::set<std::string> words_of_the_router() {
  static const std::regex word("\"/?([a-z_+-]+(/[a-z_+-]+)*)/?\"");
  std::set<std::string> out;
  for (const auto& file : std::filesystem::recursive_directory_iterator("reference-cp/rest")) {
    if (file.path().extension() != ".cpp" || file.path().string().find("/description/") != std::string::npos) continue;
    std::ifstream in(file.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (std::sregex_iterator at(text.begin(), text.end(), word), end; at != end; ++at)
      for (const std::string& part : segments("/" + (*at)[1].str())) out.insert(part);
  }
  return out;
}

TEST(RestDescription, LeavesOutNothingThatTheRouterServes) {
  Router router;
  const Described described;
  const std::set<std::string> words = words_of_the_router();
  ASSERT_TRUE(words.contains("_hostnames") && words.contains("who-am-i") && words.contains("clusters"));
  std::set<std::string> collections = {"dataplanes+insights", "zoneegressoverviews"}, aspects;
  for (const Kind* kind : kinds()) {
    if (!kind->path().empty()) collections.insert(kind->path());
    if (!kind->table().path_old.empty()) collections.insert(kind->table().path_old);
  }
  for (const std::string& word : words)
    if (word.starts_with('_')) aspects.insert(word);
  std::size_t served = 0;
  auto check = [&](const std::string& path, bool reads_only) {
    for (const char* method : {"GET", "PUT", "DELETE", "POST"}) {
      if (reads_only && method != std::string_view("GET")) continue;
      if (!router.serves(method, path)) continue;
      ++served;
      EXPECT_TRUE(described.has(method, path)) << method << " " << path;
    }
  };
  std::set<std::string> first = words;
  first.insert(collections.begin(), collections.end());
  for (const std::string& word : first) {
    check("/" + word, false);
    check("/" + word + "/x", false);
    check("/meshes/default/" + word, false);
    check("/meshes/default/" + word + "/x", false);
    if (collections.contains(word)) continue;  // below
    for (const std::string& second : words) check("/" + word + "/" + second, word != "tokens");
  }
  for (const std::string& collection : collections)
    for (const std::string& word : words) {
      if (collections.contains(word) && word != "dataplanes") continue;  // a name like any other
      for (const std::string& base : {"/" + collection, "/meshes/default/" + collection}) {
        check(base + "/" + word, true);
        check(base + "/x/" + word, true);
      }
    }
  for (const std::string proxy : {"dataplanes", "meshgateways", "meshtimeouts", "meshservices"})
    for (const std::string& aspect : aspects) {
      const std::string base = "/meshes/default/" + proxy + "/x/" + aspect;
      for (const std::string& word : words) check(base + "/" + word, true);
      for (const std::string& second : aspects) {
        check(base + "/kri_msvc_default_zone__backend_80/" + second, true);
        for (const std::string& third : aspects)
          check(base + "/kri_msvc_default_zone__backend_80/" + second + "/kri_msvc_default_zone__b_80/" + third, true);
      }
    }
  EXPECT_GT(served, 500u);
}

TEST(OpenApi, GivesEveryOperationAnIdOfItsOwnAndRefersToWhatIsThere) {
  const json document = openapi_document();
  std::set<std::string> ids;
  for (const auto& [path, item] : document["paths"].items())
    for (const auto& [method, operation] : item.items()) {
      EXPECT_TRUE(ids.insert(operation["operationId"]).second) << path << " " << operation["operationId"];
      std::set<std::string> variables;
      for (const auto& parameter : operation.value("parameters", json::array()))
        if (parameter["in"] == "path") variables.insert(parameter["name"]);
      const auto wanted = path_variables(path);
      EXPECT_EQ(variables, std::set<std::string>(wanted.begin(), wanted.end())) << path;
    }
  static const std::regex reference(R"re("\$ref":"#(/[^"]+)")re");
  const std::string text = document.dump();
  std::size_t references = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), reference), end; at != end; ++at, ++references)
    EXPECT_TRUE(document.contains(json::json_pointer((*at)[1].str()))) << (*at)[1];
  EXPECT_GT(references, ids.size());
}

}  // namespace
}  // namespace kumasim::cp
