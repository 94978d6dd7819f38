/// kumactl's client against servers that no control plane is.
#include <atomic>

#include <gtest/gtest.h>

#include "kumasim/transport/url.hpp"
#include "reference-cp/app/kumactl/rest_client.hpp"
#include "tests/app/rest_server.hpp"

namespace kumasim::cp {
namespace {

/// Pages "" -> 1 -> 2 -> 3 -> 1, each with its own name as its only item. Whoever goes on and on is refused in the end.
asio::awaitable<HttpResponse> lead_in_a_circle(HttpRequest request, std::shared_ptr<std::atomic<int>> asked) {
  if (++*asked > 20) co_return HttpResponse{.status = 500};
  std::string page;
  for (const auto& [name, value] : parse_target(request.target).query)
    if (name == "offset") page = value;
  const char next = page.empty() || page == "3" ? '1' : static_cast<char>(page[0] + 1);
  const nlohmann::json body = {{"items", nlohmann::json::array({page})},
                               {"next", std::string("http://cp.test/meshes?offset=") + next}};
  co_return HttpResponse{.body = body.dump()};
}

TEST(RestClient, AListThatLeadsInACircleEnds) {
  auto asked = std::make_shared<std::atomic<int>>(0);
  testing::RestServer server(
      {.handler = [asked](HttpRequest request) { return lead_in_a_circle(std::move(request), asked); }});
  live::LiveRuntime live{{.log = {.level = LogLevel::off}}};
  auto client = RestClient::create(live, {{"coordinates", {{"apiServer", {{"url", server.url()}}}}}},
                                   std::chrono::seconds(10));
  ASSERT_TRUE(client) << client.error().message;
  auto items = (*client)->list("/meshes");
  ASSERT_TRUE(items) << items.error().message;
  EXPECT_EQ(nlohmann::ordered_json(*items).dump(), R"(["","1","2","3"])") << "every page once";
}

}  // namespace
}  // namespace kumasim::cp
