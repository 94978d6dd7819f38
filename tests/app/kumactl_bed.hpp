/// kumactl run in this process with a home of its own, for tests of its commands.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "reference-cp/app/kumactl/kumactl.hpp"
#include "tests/app/rest_server.hpp"

namespace kumasim::cp::testing {

struct Ran {
  int code = 0;
  std::string out, error;
};

class Kumactl : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(::testing::TempDir()) /
                 ("kumactl-" + std::to_string(::getpid()) + "-" +
                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& name, const std::string& text) {
    auto path = (directory_ / name).string();
    std::ofstream(path) << text;
    return path;
  }
  std::string content(const std::string& name) {
    std::ifstream in(directory_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  Ran kumactl(std::vector<std::string> arguments) {
    std::ostringstream out, error;
    auto code = run_kumactl({out, error, directory_.string()}, arguments);
    return {code, out.str(), error.str()};
  }

  /// With a configuration that names the server.
  void connect(const RestServer& server) {
    auto added = kumactl({"config", "control-planes", "add", "--name", "test", "--address", server.url()});
    ASSERT_EQ(added.code, 0) << added.error;
    ASSERT_EQ(added.out, "added Control Plane \"test\"\nswitched active Control Plane to \"test\"\n");
  }

 private:
  std::filesystem::path directory_;
};

/// Answers that a test wrote, by "METHOD target", in place of a control plane; anything else is not found. It tells
/// what was asked. Must outlive its server.
class CannedAnswers {
 public:
  explicit CannedAnswers(std::map<std::string, HttpResponse> answers) : answers_(std::move(answers)) {
    answers_.try_emplace("GET /", HttpResponse{.body = R"({"product": "Kuma", "version": "2.12.14"})"});
  }
  /// `bodies` of GET.
  static std::map<std::string, HttpResponse> bodies(const std::map<std::string, std::string>& by_target) {
    std::map<std::string, HttpResponse> out;
    for (const auto& [target, body] : by_target) out["GET " + target] = {.body = body};
    return out;
  }
  HttpHandler handler() {
    return [this](HttpRequest request) { return answer(std::move(request)); };
  }
  /// What was asked since the last call, but the index.
  std::vector<HttpRequest> asked() {
    std::lock_guard lock(mutex_);
    return std::exchange(asked_, {});
  }
  /// The only one.
  HttpRequest asked_once() {
    auto all = asked();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? HttpRequest{} : all.front();
  }

 private:
  asio::awaitable<HttpResponse> answer(HttpRequest request) {
    std::lock_guard lock(mutex_);
    auto found = answers_.find(request.method + " " + request.target);
    if (request.target != "/") asked_.push_back(std::move(request));
    co_return found == answers_.end() ? HttpResponse{.status = 404, .body = "{}"} : found->second;
  }

  std::map<std::string, HttpResponse> answers_;
  std::mutex mutex_;
  std::vector<HttpRequest> asked_;
};

}  // namespace kumasim::cp::testing
