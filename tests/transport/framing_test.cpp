/// Parts of the transport without I/O: whatever way bytes are cut, the same comes out.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kumasim/transport/grpc_frame.hpp"
#include "kumasim/transport/headers.hpp"
#include "kumasim/transport/read_buffer.hpp"
#include "kumasim/transport/url.hpp"

namespace kumasim {
namespace {

std::string framed(const std::vector<std::string>& messages) {
  std::string bytes;
  for (const auto& message : messages) bytes += grpc_frame_head(message.size()) + message;
  return bytes;
}

std::vector<std::string> taken(GrpcDeframer& deframer) {
  std::vector<std::string> messages;
  while (auto message = deframer.next()) messages.push_back(std::move(*message));
  return messages;
}

RC_GTEST_PROP(GrpcDeframer, AnySegmentationGivesTheSameMessages, ()) {
  auto messages = *rc::gen::container<std::vector<std::string>>(rc::gen::string<std::string>());
  auto bytes = framed(messages);
  GrpcDeframer deframer(1 << 20);
  std::vector<std::string> got;
  std::string_view left = bytes;
  while (!left.empty()) {
    auto size = *rc::gen::inRange<std::size_t>(1, left.size() + 1);
    RC_ASSERT(deframer.feed(left.substr(0, size)).ok());
    for (auto& message : taken(deframer)) got.push_back(std::move(message));
    left.remove_prefix(size);
  }
  RC_ASSERT(got == messages);
  RC_ASSERT(!deframer.partial());
}

TEST(GrpcDeframer, RefusesWhatIsTooLargeBeforeItCame) {
  GrpcDeframer deframer(10);
  EXPECT_TRUE(deframer.feed(framed({"0123456789"})).ok());
  auto status = deframer.feed(grpc_frame_head(11));
  EXPECT_EQ(status.code, GrpcCode::resource_exhausted);
  EXPECT_EQ(taken(deframer), std::vector<std::string>{"0123456789"});
  EXPECT_EQ(deframer.feed(framed({"x"})).code, GrpcCode::resource_exhausted);
}

TEST(GrpcDeframer, RefusesCompression) {
  GrpcDeframer deframer(10);
  EXPECT_EQ(deframer.feed(std::string("\x01\0\0\0\1x", 6)).code, GrpcCode::unimplemented);
}

/// Flagged as compressed.
std::string framed_gzip(std::string bytes) {
  std::string head = grpc_frame_head(bytes.size());
  head[0] = 1;
  return head + bytes;
}

/// "hello, ", ten times, by Python's gzip.compress(..., mtime=0).
const std::string hello(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\xa0\x8c\x02\x00\x98\xf0"
    "\x28\x0a\x46\x00\x00\x00",
    30);
const std::string hello_text = "hello, hello, hello, hello, hello, hello, hello, hello, hello, hello, ";

TEST(GrpcDeframer, TakesGzipWhereThePeerSaysSo) {
  GrpcDeframer deframer(70);
  deframer.set_encoding("gzip");
  EXPECT_TRUE(deframer.feed(framed_gzip(hello) + framed({"plain"}) + framed_gzip(hello)).ok());
  EXPECT_EQ(taken(deframer), (std::vector<std::string>{hello_text, "plain", hello_text}));
  EXPECT_EQ(deframer.bytes(), 0u);
}

TEST(GrpcDeframer, HoldsCompressedMessagesToTheLimitToo) {
  GrpcDeframer deframer(69);
  deframer.set_encoding("gzip");
  EXPECT_EQ(deframer.feed(framed_gzip(hello)).code, GrpcCode::resource_exhausted);
  EXPECT_TRUE(taken(deframer).empty());
}

TEST(GrpcDeframer, RefusesBrokenGzip) {
  for (std::string bytes : {hello.substr(0, hello.size() - 1), hello + "x", std::string("no gzip at all"),
                            std::string(), hello.substr(0, hello.size() - 8) + std::string(8, '\0')}) {
    GrpcDeframer deframer(100);
    deframer.set_encoding("gzip");
    EXPECT_EQ(deframer.feed(framed_gzip(bytes)).code, GrpcCode::internal) << bytes.size();
  }
}

TEST(GrpcDeframer, TakesEmptyMessages) {
  GrpcDeframer deframer(10);
  EXPECT_TRUE(deframer.feed(framed({"", "", "a"})).ok());
  EXPECT_EQ(taken(deframer), (std::vector<std::string>{"", "", "a"}));
}

RC_GTEST_PROP(GrpcStatus, TravelsThroughTrailers, (const std::string& message)) {
  auto code = static_cast<GrpcCode>(*rc::gen::inRange(0, 17));
  GrpcStatus status{code, message};
  auto trailers = to_trailers(status);
  for (const auto& field : trailers)
    for (auto c : field.value) RC_ASSERT(c >= ' ' && c <= '~');
  for (const auto& field : trailers) RC_ASSERT(!field.value.starts_with(' ') && !field.value.ends_with(' '));
  RC_ASSERT(status_of(trailers, "200") == status);
}

TEST(GrpcStatus, MapsHttpStatusesWithoutGrpcStatus) {
  EXPECT_EQ(status_of({}, "404").code, GrpcCode::unimplemented);
  EXPECT_EQ(status_of({}, "503").code, GrpcCode::unavailable);
  EXPECT_EQ(status_of({}, "200").code, GrpcCode::unknown);
  EXPECT_EQ(status_of({{"grpc-status", "99"}}, "200").code, GrpcCode::unknown);
}

RC_GTEST_PROP(Percent, DecodeUndoesEncode, (const std::string& text)) {
  RC_ASSERT(percent_decode(percent_encode(text)) == text);
}

TEST(Url, IsReadInItsParts) {
  auto url = parse_url("https://[::1]:5682/meshes?size=1#x");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 5682);
  EXPECT_EQ(url->target, "/meshes?size=1");
  EXPECT_EQ(url->authority(), "[::1]:5682");
  EXPECT_EQ(parse_url("http://cp?x")->target, "/?x");
  EXPECT_EQ(parse_url("http://cp")->authority(), "cp");
}

TEST(Url, RefusesWhatIsNone) {
  for (const auto* text : {"", "cp:5681", "ftp://cp", "http://", "http://cp:", "http://cp:0", "http://cp:70000",
                           "http://cp:5x", "http://a@cp", "http://[::1"}) {
    auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Code::invalid_argument);
  }
}

TEST(Target, IsSplitAndDecoded) {
  auto target = parse_target("/meshes/a%2Fb?name=x+y&empty=&flag&a=b%3Dc");
  EXPECT_EQ(target.path, "/meshes/a/b");
  std::vector<std::pair<std::string, std::string>> query{{"name", "x y"}, {"empty", ""}, {"flag", ""}, {"a", "b=c"}};
  EXPECT_EQ(target.query, query);
}

TEST(Headers, CompareNamesWithoutCaseAndKeepRepeats) {
  Headers headers{{"Set-Cookie", "a"}, {"set-cookie", "b"}, {"Host", "cp"}};
  EXPECT_EQ(headers.get("SET-COOKIE"), "a");
  EXPECT_EQ(headers.size(), 3u);
  headers.set("Set-cookie", "c");
  EXPECT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers.get("set-cookie"), "c");
  EXPECT_FALSE(headers.has("accept"));
}

TEST(ReadBuffer, HasRoomForMoreWhereItWasFilledOnly) {
  ReadBuffer buffer;
  EXPECT_EQ(buffer.room().size(), ReadBuffer::bytes_min);
  EXPECT_EQ(buffer.got(ReadBuffer::bytes_min).size(), ReadBuffer::bytes_min);
  auto large = buffer.room();
  EXPECT_EQ(large.size(), ReadBuffer::bytes_max);
  static_cast<char*>(large.data())[0] = 'x';
  EXPECT_EQ(buffer.got(1), "x");
  EXPECT_EQ(buffer.room().size(), ReadBuffer::bytes_min) << "a connection at rest holds little";
}

}  // namespace
}  // namespace kumasim
