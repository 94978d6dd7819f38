/// The seam's plain values: errors, addresses, buffers, log records.
#include <gtest/gtest.h>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/runtime/system_error.hpp"

namespace kumasim {
namespace {

TEST(Error, KeepsCodeMessageAndField) {
  auto parse = [](bool good) -> Result<int> {
    if (good) return 3;
    return fail(Code::invalid_argument, "not a number", "spec.port");
  };
  EXPECT_EQ(*parse(true), 3);
  EXPECT_EQ(parse(false).error(), (Error{Code::invalid_argument, "not a number", "spec.port"}));
  EXPECT_EQ(to_string(Code::deadline_exceeded), "deadline_exceeded");
}

TEST(Error, TellsAsiosErrorsApart) {
  EXPECT_EQ(to_error(error_code(asio::error::operation_aborted)).code, Code::cancelled);
  EXPECT_EQ(to_error(error_code(asio::error::timed_out)).code, Code::deadline_exceeded);
  EXPECT_EQ(to_error(error_code(asio::error::address_in_use)).code, Code::already_exists);
  auto refused = to_error(error_code(asio::error::connection_refused), "connecting");
  EXPECT_EQ(refused.code, Code::unavailable);
  EXPECT_EQ(refused.message, "connecting: Connection refused");
}

TEST(Address, IsWrittenAsInUrls) {
  EXPECT_EQ(to_string(Address{"10.0.0.1", 80}), "10.0.0.1:80");
  EXPECT_EQ(to_string(Address{"::1", 443}), "[::1]:443");
  EXPECT_EQ(to_string(Address{"web.mesh", 8080}), "web.mesh:8080");
}

TEST(Buffers, DropsEmptyOnesAndCutsLongSequences) {
  std::string text = "abc";
  std::vector<asio::const_buffer> many(20, asio::buffer(text));
  many[1] = {};
  ConstBuffers cut(many);
  EXPECT_EQ(cut.bytes(), buffers_max * 3);
  EXPECT_TRUE(ConstBuffers(asio::const_buffer()).empty());
}

TEST(Buffers, KeepTheirOrderWhenCopied) {
  std::string texts[] = {"a", "", "bc", "def"};
  std::vector<asio::const_buffer> three;
  for (const auto& text : texts) three.push_back(asio::buffer(text));
  for (const auto& each : {std::vector(three), std::vector(1, three[2])}) {
    ConstBuffers made(each);
    ConstBuffers copy = made;
    ConstBuffers moved = std::move(made);
    std::string of_copy, of_moved;
    for (const auto& buffer : copy) of_copy.append(static_cast<const char*>(buffer.data()), buffer.size());
    for (const auto& buffer : moved) of_moved.append(static_cast<const char*>(buffer.data()), buffer.size());
    EXPECT_EQ(of_copy, each.size() == 1 ? "bc" : "abcdef");
    EXPECT_EQ(of_moved, of_copy);
  }
}

TEST(Log, PassesWhatIsEnabledWithItsFields) {
  struct Kept final : Log {
    std::string text;
    void write(const LogRecord& record) override {
      text += std::string(record.component) + ":" + std::string(record.message);
      for (const auto& field : record.fields) text += " " + std::string(field.key) + "=" + field.value;
      text += "\n";
    }
    bool enabled(LogLevel level) const override { return level >= LogLevel::info; }
  } log;
  log.debug("a", "dropped");
  log.info("ads", "stream opened", {{"node", "web-1"}, {"streams", 3}});
  EXPECT_EQ(log.text, "ads:stream opened node=web-1 streams=3\n");
}

}  // namespace
}  // namespace kumasim
