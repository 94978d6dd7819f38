/// kuma-cp's commands that end by themselves, and starts that its files do not allow.
#include <set>

#include "tests/live/kuma_cp_bed.hpp"

namespace kumasim::live {
namespace {

class KumaCpCommands : public KumaCp {
 protected:
  struct Ran {
    int code = -1;
    std::string text;
  };
  /// To its end; what it prints of both kinds.
  asio::awaitable<Ran> kuma_cp(std::vector<std::string> arguments, std::map<std::string, std::string> environment) {
    const std::string name = "ran-" + std::to_string(++count_);
    ChildProcess& child = start(KUMA_CP, std::move(arguments), name, std::move(environment));
    auto ended = co_await child.wait();
    co_return Ran{ended.signal == 0 ? ended.code : -ended.signal, tail(directory + "/" + name + ".log")};
  }
  /// `run` with these settings more, or with this configuration file, ends with an error that says this.
  asio::awaitable<void> refuses(std::map<std::string, std::string> more, std::string yaml, std::string message) {
    auto environment = settings();
    for (auto& [name, value] : more) environment[name] = value;
    std::vector<std::string> arguments = {"run"};
    if (!yaml.empty()) {
      std::ofstream(directory + "/cp.yaml") << yaml;
      arguments.insert(arguments.end(), {"-c", directory + "/cp.yaml"});
    }
    auto ran = co_await kuma_cp(std::move(arguments), std::move(environment));
    EXPECT_EQ(ran.code, 1) << message << "\n" << ran.text;
    EXPECT_NE(ran.text.find("Error: " + message), std::string::npos) << message << "\n" << ran.text;
  }
  /// The files of a pair, by the command line of ours that makes them.
  asio::awaitable<void> make_pair(std::string name) {
    std::string key = directory + "/" + name + ".key", certificate = directory + "/" + name + ".crt";
    ChildProcess& child = start(KUMACTL,
                                {"generate", "tls-certificate", "--type=server", "--hostname=localhost",
                                 "--key-type=ecdsa", "--key-file=" + key, "--cert-file=" + certificate},
                                "pair", environment());
    auto made = co_await child.wait();
    EXPECT_TRUE(made.success());
  }

 private:
  int count_ = 0;
};

TEST_F(KumaCpCommands, TellTheVersionAndMigrate) {
  run([&]() -> asio::awaitable<void> {
    auto ran = co_await kuma_cp({"version"}, settings());
    EXPECT_EQ(ran.text, "Kuma: 2.12.14\n");
    ran = co_await kuma_cp({"migrate", "up"}, settings());
    EXPECT_EQ(ran.code, 0) << ran.text;
    EXPECT_NE(ran.text.find("schema is up to date\n"), std::string::npos) << ran.text;
    EXPECT_TRUE(std::filesystem::exists(settings().at("KUMA_GENERAL_WORK_DIR") + "/kuma.db"));
    auto in_memory = settings();
    in_memory["KUMA_STORE_TYPE"] = "memory";
    ran = co_await kuma_cp({"migrate", "up"}, in_memory);
    EXPECT_EQ(ran.code, 1);
    EXPECT_NE(ran.text.find("Error: a store of type memory has nothing to migrate"), std::string::npos) << ran.text;
    in_memory["KUMA_STORE_TYPE"] = "some";
    ran = co_await kuma_cp({"migrate", "up"}, in_memory);
    EXPECT_NE(ran.text.find("KUMA_STORE_TYPE: expected one of"), std::string::npos) << ran.text;
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{}, {"migrate"}, {"run", "--log-level", "loud"}, {"some"}}) {
      ran = co_await kuma_cp(arguments, settings());
      EXPECT_GT(ran.code, 0) << ran.text;
    }
    auto homeless = settings();
    homeless.erase("HOME");
    homeless.erase("KUMA_GENERAL_WORK_DIR");
    ran = co_await kuma_cp({"run"}, homeless);
    EXPECT_NE(ran.text.find("set KUMA_GENERAL_WORK_DIR"), std::string::npos) << ran.text;
  });
}

TEST_F(KumaCpCommands, FilesThatCannotServeStopTheStart) {
  run([&]() -> asio::awaitable<void> {
    co_await make_pair("a");
    co_await make_pair("b");
    const std::string a = directory + "/a", b = directory + "/b", none = directory + "/none";
    std::ofstream(directory + "/text") << "neither certificate nor key\n";
    auto pair = [](const char* server, const std::string& certificate, const std::string& key) {
      return std::map<std::string, std::string>{{std::string(server) + "_TLS_CERT_FILE", certificate},
                                                {std::string(server) + "_TLS_KEY_FILE", key}};
    };
    co_await refuses(pair("KUMA_DP_SERVER", a + ".crt", none), "",
                     "dpServer.tlsKeyFile: cannot open " + none + ": No such file or directory");
    co_await refuses(pair("KUMA_API_SERVER_HTTPS", a + ".crt", b + ".key"), "",
                     "apiServer.https.tlsCertFile " + a + ".crt and tlsKeyFile " + b + ".key: ");
    co_await refuses(pair("KUMA_GENERAL", directory + "/text", a + ".key"), "",
                     "general.tlsCertFile " + directory + "/text");
    co_await refuses({{"KUMA_API_SERVER_AUTH_CLIENT_CERTS_DIR", none}}, "", "apiServer.auth.clientCertsDir: ");
    auto keys = [](const char* of, const std::string& key) {
      return std::string(of) + ": {validator: {publicKeys: [{kid: k, " + key + "}]}}";
    };
    co_await refuses({}, "apiServer: {authn: {" + keys("tokens", "keyFile: " + none) + "}}",
                     "apiServer.authn.tokens.validator.publicKeys: key k: cannot open " + none);
    co_await refuses({}, "dpServer: {authn: {dpProxy: {" + keys("dpToken", "keyFile: " + directory + "/text") + "}}}",
                     "dpServer.authn.dpProxy.dpToken.validator.publicKeys: key k: ");
    co_await refuses({}, "dpServer: {authn: {zoneProxy: {" + keys("zoneToken", "key: text") + "}}}",
                     "dpServer.authn.zoneProxy.zoneToken.validator.publicKeys: key k: ");
    auto environment = settings();
    auto ran = co_await kuma_cp({"run", "--import", directory + "/text"}, environment);
    EXPECT_NE(ran.text.find("Error: run --import is for a store of type memory"), std::string::npos) << ran.text;
    environment["KUMA_STORE_TYPE"] = "memory";
    for (const char* file : {"/text", "/none"}) {
      ran = co_await kuma_cp({"run", "--import", directory + file}, environment);
      EXPECT_EQ(ran.code, 1) << ran.text;
      EXPECT_NE(ran.text.find(directory + file), std::string::npos) << ran.text;
    }
  });
}

TEST_F(KumaCpCommands, LogsAsJsonToAFileAndStopsBySignal) {
  auto environment = settings();
  environment["KUMA_DEFAULTS_SKIP_MESH_CREATION"] = "true";
  const std::string log = directory + "/own.json";
  ChildProcess& cp = start(
      KUMA_CP, {"run", "--log-level", "debug", "--log-format", "json", "--log-output-path", log}, "cp", environment);
  run([&]() -> asio::awaitable<void> {
    co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", diagnostics));
    cp.terminate();
    auto ended = co_await cp.wait();
    EXPECT_TRUE(ended.success()) << to_string(ended);
    std::istringstream lines(bytes_of(log));
    std::set<std::string> messages;
    for (std::string line; std::getline(lines, line);) {
      Json record = Json::parse(line, nullptr, false);
      EXPECT_TRUE(record.is_object()) << line;
      if (record.is_object()) messages.insert(record.value("msg", record.value("message", "")));
    }
    EXPECT_TRUE(messages.contains("stopping"));
  });
}

}  // namespace
}  // namespace kumasim::live
