/// kuma-cp store export and import from the command line: beside a kuma-cp that runs, and into stores of other ones.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include <sys/stat.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/live/system.hpp"
#include "tests/live/free_port.hpp"

namespace kumasim::live {
namespace {

using namespace std::chrono_literals;

class StoreCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pattern = (std::filesystem::temp_directory_path() / "kumasim-export-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  std::string file(const std::string& name) const { return directory + "/" + name; }
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  /// The first that holds this text.
  static std::string line_of(const std::string& text, const std::string& part) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
      if (line.find(part) != std::string::npos) return line;
    return "";
  }
  static unsigned mode(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  }

  std::uint16_t free_port() { return test::free_port(live.runtime().network); }

  /// Of a control plane whose work directory has this name.
  std::map<std::string, std::string> settings(const std::string& name) {
    auto out = environment();
    rest = free_port();
    out["KUMA_API_SERVER_HTTP_PORT"] = std::to_string(rest);
    for (const char* port : {"KUMA_API_SERVER_HTTPS_PORT", "KUMA_DP_SERVER_PORT", "KUMA_DIAGNOSTICS_SERVER_PORT"})
      out[port] = std::to_string(free_port());
    out["KUMA_GENERAL_WORK_DIR"] = file(name);
    return out;
  }

  Result<ChildProcess> start(std::vector<std::string> arguments, std::map<std::string, std::string> environment,
                             const std::string& log) {
    return ChildProcess::start(live.runtime().executor, {.program = KUMA_CP,
                                                         .arguments = std::move(arguments),
                                                         .environment = std::move(environment),
                                                         .output_path = file(log)});
  }

  struct Ran {
    int code = -1;
    std::string text;
  };
  /// A command that ends by itself; its output of both kinds.
  asio::awaitable<Ran> kuma_cp(std::vector<std::string> arguments, std::map<std::string, std::string> environment) {
    auto log = "output-" + std::to_string(++outputs);
    auto child = start(std::move(arguments), std::move(environment), log);
    if (!child) co_return Ran{-1, child.error().message};
    auto status = co_await child->wait();
    co_return Ran{status.signal == 0 ? status.code : -status.signal, content(file(log))};
  }

  asio::awaitable<HttpResponse> call(std::string method, std::string path, std::string body = {}) {
    HttpRequest request{.method = std::move(method),
                        .target = "/",
                        .headers = {{"content-type", "application/json"}},
                        .body = std::move(body)};
    auto url = fmt::format("http://127.0.0.1:{}{}", rest, path);
    auto answer =
        co_await http_call(live.runtime().network, live.runtime().timers, url, std::move(request), nullptr, 5s);
    co_return answer ? *answer : HttpResponse{.status = 0, .headers = {}, .body = answer.error().message};
  }
  asio::awaitable<void> wait_for(std::string path) {
    HttpResponse last{.status = 0, .headers = {}, .body = {}};
    for (int i = 0; i < 150 && last.status != 200; ++i) {
      if (i > 0) co_await sleep(live.runtime().timers, 200ms);
      last = co_await call("GET", path);
    }
    EXPECT_EQ(last.status, 200) << path << ": " << last.body;
  }
  asio::awaitable<void> stop(ChildProcess& child) {
    child.terminate();
    auto status = co_await child.wait();
    EXPECT_TRUE(status.success()) << to_string(status);
  }

  void run(std::function<asio::awaitable<void>()> body) {
    bool done = false;
    auto task = [](std::function<asio::awaitable<void>()>& call, bool& ended) -> asio::awaitable<void> {
      co_await call();
      ended = true;
    };
    spawn(live.runtime().executor, live.log(), "test", task(body, done));
    auto end = std::chrono::steady_clock::now() + 120s;
    while (!done && std::chrono::steady_clock::now() < end) live.context().run_one_for(100ms);
    EXPECT_TRUE(done) << "not done in time";
  }

  LiveRuntime live{{.log = {.level = LogLevel::off}}};
  std::string directory;
  std::uint16_t rest = 0;
  int outputs = 0;
};

const char* dataplane =
    R"({"type":"Dataplane","mesh":"demo","name":"web-1","networking":{"address":"10.0.0.1","inbound":[{"port":80,"tags":{"kuma.io/service":"web"}}]}})";

TEST_F(StoreCommand, CarriesAStoreFromOneControlPlaneToAnother) {
  run([this]() -> asio::awaitable<void> {
    auto first = settings("first");
    auto cp = start({"run"}, first, "cp.log");
    EXPECT_TRUE(cp.has_value());
    if (!cp) co_return;
    co_await wait_for("/meshes/default");
    EXPECT_EQ((co_await call("PUT", "/meshes/demo", R"({"type":"Mesh","name":"demo"})")).status, 201);
    EXPECT_EQ((co_await call("PUT", "/meshes/demo/dataplanes/web-1", dataplane)).status, 201);
    EXPECT_EQ((co_await call("PUT", "/meshes/demo/secrets/s",
                             R"({"type":"Secret","mesh":"demo","name":"s","data":"c2VjcmV0"})"))
                  .status,
              201);

    auto exported = co_await kuma_cp({"store", "export", file("running.jsonl")}, first);
    EXPECT_EQ(exported.code, 0) << exported.text;
    EXPECT_NE(exported.text.find("exported "), std::string::npos) << exported.text;
    EXPECT_EQ(mode(file("running.jsonl")), 0600u);
    auto running = content(file("running.jsonl"));
    EXPECT_TRUE(running.starts_with(R"({"format":"kuma-store","version":1,"kuma":"2.12.14","kinds":{)")) << running;
    EXPECT_NE(running.find(R"("spec":{"data":"c2VjcmV0"})"), std::string::npos) << running;
    auto refused = co_await kuma_cp({"store", "import", "--replace", file("running.jsonl")}, first);
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.text.find("is in use by another process"), std::string::npos) << refused.text;
    EXPECT_EQ((co_await call("GET", "/meshes/demo")).status, 200) << "the control plane goes on";
    co_await stop(*cp);

    // A control plane may write until it ends: this is the store that is carried.
    auto offline = co_await kuma_cp({"store", "export", file("offline.jsonl")}, first);
    EXPECT_EQ(offline.code, 0) << offline.text;
    auto exported_last = content(file("offline.jsonl"));
    EXPECT_EQ((co_await kuma_cp({"store", "export", "-"}, first)).text, exported_last);
    EXPECT_EQ(line_of(exported_last, R"("name":"s")"), line_of(running, R"("name":"s")"));

    auto second = settings("second");
    auto imported = co_await kuma_cp({"store", "import", file("offline.jsonl")}, second);
    EXPECT_EQ(imported.code, 0) << imported.text;
    EXPECT_NE(imported.text.find("imported "), std::string::npos) << imported.text;
    EXPECT_EQ(mode(file("second/kuma.db")), 0600u);
    auto again = co_await kuma_cp({"store", "export", "-"}, second);
    EXPECT_EQ(again.text, exported_last) << "versions, times, labels and secrets are those of the first store";

    auto full = co_await kuma_cp({"store", "import", file("running.jsonl")}, second);
    EXPECT_EQ(full.code, 1);
    EXPECT_NE(full.text.find("pass --replace to remove them"), std::string::npos) << full.text;
    std::ofstream(file("cut.jsonl")) << exported_last.substr(0, exported_last.size() - 30);
    auto cut = co_await kuma_cp({"store", "import", "--replace", file("cut.jsonl")}, second);
    EXPECT_EQ(cut.code, 1);
    auto lines = std::count(exported_last.begin(), exported_last.end(), '\n');
    EXPECT_NE(cut.text.find(fmt::format("Error: {}:{}: unexpected end of JSON input", file("cut.jsonl"), lines)),
              std::string::npos)
        << cut.text;
    EXPECT_EQ((co_await kuma_cp({"store", "export", "-"}, second)).text, exported_last) << "a bad file changes nothing";
    auto replaced = co_await kuma_cp({"store", "import", "--replace", file("running.jsonl")}, second);
    EXPECT_EQ(replaced.code, 0) << replaced.text;

    auto other = start({"run"}, second, "cp-2.log");
    EXPECT_TRUE(other.has_value());
    if (!other) co_return;
    co_await wait_for("/meshes/demo/dataplanes/web-1");
    co_await stop(*other);
  });
}

TEST_F(StoreCommand, AStoreInMemoryBeginsWithAnExport) {
  run([this]() -> asio::awaitable<void> {
    std::ofstream(file("one.jsonl"))
        << R"({"format":"kuma-store","version":1,"kuma":"2.12.14","kinds":{"Mesh":1}})"
           "\n"
        << R"({"type":"Mesh","mesh":"","name":"carried","version":3,"creationTime":"2026-11-26T02:14:21.5Z","modificationTime":"2026-11-26T02:15:00Z","labels":{},"spec":{},"status":null})"
           "\n";
    auto memory = settings("memory");
    memory["KUMA_STORE_TYPE"] = "memory";
    auto refused = co_await kuma_cp({"store", "export", "-"}, memory);
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.text.find("there is nothing to export"), std::string::npos) << refused.text;
    auto nowhere = co_await kuma_cp({"store", "import", file("one.jsonl")}, memory);
    EXPECT_EQ(nowhere.code, 1);
    EXPECT_NE(nowhere.text.find("kuma-cp run --import"), std::string::npos) << nowhere.text;

    auto cp = start({"run", "--import", file("one.jsonl")}, memory, "cp.log");
    EXPECT_TRUE(cp.has_value());
    if (!cp) co_return;
    co_await wait_for("/meshes/carried");
    auto mesh = nlohmann::json::parse((co_await call("GET", "/meshes/carried")).body, nullptr, false);
    EXPECT_EQ(mesh["creationTime"], "2026-11-26T02:14:21.5Z") << mesh.dump();
    co_await stop(*cp);
  });
}

TEST_F(StoreCommand, SaysWhatIsMissing) {
  run([this]() -> asio::awaitable<void> {
    auto environment = settings("none");
    auto missing = co_await kuma_cp({"store", "export", "-"}, environment);
    EXPECT_EQ(missing.code, 1);
    EXPECT_NE(missing.text.find("Error: there is no store \"" + file("none/kuma.db") + "\""), std::string::npos)
        << missing.text;
    EXPECT_FALSE(std::filesystem::exists(file("none/kuma.db"))) << "an export makes nothing";
    auto no_file = co_await kuma_cp({"store", "import", file("nothing.jsonl")}, environment);
    EXPECT_EQ(no_file.code, 1);
    EXPECT_NE(no_file.text.find("cannot open " + file("nothing.jsonl")), std::string::npos) << no_file.text;
    EXPECT_FALSE(std::filesystem::exists(file("none/kuma.db"))) << "nor does an import that reads nothing";
    auto help = co_await kuma_cp({"store", "import", "--help"}, environment);
    EXPECT_EQ(help.code, 0);
    EXPECT_NE(help.text.find("--replace"), std::string::npos) << help.text;
    EXPECT_NE((co_await kuma_cp({"store", "import"}, environment)).code, 0) << "FILE is required";
  });
}

}  // namespace
}  // namespace kumasim::live
