#include "projections/engine/tokens.h"

#include "gtest/gtest.h"

namespace recount::projections {
namespace {

using storage::v1::ReportToken;

// Byte for byte: an id that a client has kept opens whichever way it was written.
TEST(TokensTest, WhatBeginsAlikeIsTheTokenOfBoth) {
  ReportToken common;
  common.set_kind(ReportToken::KIND_CELL);
  common.mutable_request()->set_report("won_lost");
  common.mutable_request()->mutable_parameters()->set_filter("source = \"трейд\"");
  common.mutable_pin()->set_position(4711);
  ReportToken own;
  own.set_column("won");
  own.add_key()->set_text("web");
  own.add_key();
  own.set_is_change(true);
  ReportToken both = common;
  both.MergeFrom(own);
  for (const size_t length : {0, 32, 64, 65, 200}) {
    const std::string key(length, 'k');
    const AlikeTokens alike(common, key);
    EXPECT_EQ(alike.Encode(own), EncodeToken(both, key)) << "key of " << length;
    EXPECT_EQ(alike.Encode(ReportToken()), EncodeToken(common, key)) << "key of " << length;
    const auto opened = DecodeToken(alike.Encode(own), "cell_id", key);
    ASSERT_TRUE(opened.ok()) << opened.status();
    both.set_engine_version(kEngineVersion);
    EXPECT_EQ(Bytes(*opened), Bytes(both));
    EXPECT_FALSE(DecodeToken(alike.Encode(own), "cell_id", key + "x").ok());
  }
}

}  // namespace
}  // namespace recount::projections
