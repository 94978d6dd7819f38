/// PEM texts are taken apart as Go's encoding/pem does it, in one pass.
#include "reference-cp/model/pem.hpp"

#include <gtest/gtest.h>

namespace kumasim::cp::testing {
namespace {

/// "TYPE:base64" of each block.
std::string read(std::string_view text) {
  std::string out;
  PemReader blocks(text);
  while (auto block = blocks.next()) out += (out.empty() ? "" : " ") + block->type + ":" + block->base64;
  return out;
}

std::string block(const std::string& type, const std::string& body) {
  return "-----BEGIN " + type + "-----\n" + body + "-----END " + type + "-----\n";
}

const std::string good = block("B", "Yg==\n");

TEST(Pem, BlocksAreFoundAmongOtherText) {
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("no block"), "");
  EXPECT_EQ(read(good), "B:Yg==");
  EXPECT_EQ(read("before\n" + block("RSA PRIVATE KEY", "YWJj\nYWJj\n") + "between\n" + good + "after"),
            "RSA PRIVATE KEY:YWJjYWJj B:Yg==");
  EXPECT_EQ(read("-----BEGIN A-----\r\nYQ==\r\n-----END A-----\r\n" + good), "A:YQ== B:Yg==");
  EXPECT_EQ(read("-----BEGIN A-----  \n Y Q\t==\n-----END A----- \t"), "A:YQ==");
  EXPECT_EQ(read(block("A", "") + good), "A: B:Yg==");
}

TEST(Pem, BlocksAreReadAsTheyAreAskedFor) {
  const std::string text = block("A", "YQ==\n") + good;
  PemReader blocks(text);
  EXPECT_EQ(blocks.next()->type, "A");
  EXPECT_EQ(blocks.next()->type, "B");
  EXPECT_FALSE(blocks.next());
  EXPECT_FALSE(blocks.next());
}

TEST(Pem, HeadersAreNotOfTheBody) {
  EXPECT_EQ(read(block("A", "Proc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nYQ==\n")), "A:YQ==");
  EXPECT_EQ(read(block("A", "k: v\nYQ==\n") + good), "A:YQ== B:Yg==");
  EXPECT_EQ(read(block("A", "k: v\n") + good), "B:Yg==") << "no blank line after the headers";
}

TEST(Pem, WhatIsNoBlockIsPassedOver) {
  for (const std::string& text :
       {"-----BEGIN A-----\n" + good, "-----END A-----\n" + good, "\n-----END A-----\n" + good,
        "-----BEGIN A-----\nYQ==\n-----END C-----\n" + good, " " + block("A", "YQ==\n") + good,
        "-----BEGIN A\nYQ==\n-----END A-----\n" + good, "-----BEGIN A-----\nYQ==\n-----END A-----x\n" + good,
        block("A", "YQ=\n") + good, block("A", "Y%==\n") + good, block("A", "YQ==YQ==\n") + good})
    EXPECT_EQ(read(text), "B:Yg==") << text;
}

/// A search from each beginning for an end of its type takes minutes for these.
TEST(Pem, BeginningsWithoutEndsAreReadInOnePass) {
  std::string begins, ends, pairs;
  for (int i = 0; i < 200'000; ++i) {
    begins += "-----BEGIN A-----\n";
    ends += "-----END A-----\n";
    pairs += "-----BEGIN A-----\n-----END C-----\n";
  }
  EXPECT_EQ(read(begins), "");
  EXPECT_EQ(read(begins + ends + pairs + good), "A: B:Yg==");
}

}  // namespace
}  // namespace kumasim::cp::testing
