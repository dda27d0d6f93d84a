#include "services/tenants.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/key_vault.h"

namespace recount::services {
namespace {

class TenantsTest : public testing::Test {
 protected:
  TenantsTest() {
    std::string path = testing::TempDir() + "/recount_tenants_XXXXXX";
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    folder_ = path;
  }
  ~TenantsTest() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<Tenant*> Create(Tenants& tenants, const std::string& currency = "EUR") {
    v1::CreateTenantRequest request;
    request.set_tenant_id("acme");
    request.set_zone("Europe/Berlin");
    request.set_currency(currency);
    return tenants.Create(request, "admin", true);
  }
  uint64_t Head(eventstore::TenantNumber tenant) { return log_->SequencedHead(tenant).position; }

  std::string folder_;
  std::unique_ptr<eventstore::EventLog> log_ = eventstore::NewMemoryEventLog();
  std::unique_ptr<eventstore::KeyVault> vault_ = eventstore::NewMemoryKeyVault();
  SimulatedClock clock_{1700000000LL * 1000000};
};

TEST_F(TenantsTest, AHalfMadeTenantIsFinishedByARetry) {
  const std::string models = folder_ + "/models";
  std::ofstream(models) << "a file where the folder should be";
  Tenants tenants({log_.get(), vault_.get()}, &clock_, {.models_folder = models});
  ASSERT_TRUE(tenants.Open().ok());
  ASSERT_FALSE(Create(tenants).ok());
  EXPECT_FALSE(tenants.Find("acme").ok());
  std::filesystem::remove(models);
  EXPECT_EQ(domain::ReasonOf(Create(tenants, "USD").status()), v1::TENANT_EXISTS);
  const auto made = Create(tenants);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)->number(), 1u);
  EXPECT_EQ((*made)->rules()->CalendarOn(0).zone(), "Europe/Berlin");
  EXPECT_EQ(*tenants.Find("acme"), *made);
  EXPECT_EQ(*Create(tenants), *made);
  EXPECT_EQ(Head(kSystemLog), 1u);
  EXPECT_EQ(Head(1), 1u);
  EXPECT_TRUE(tenants.Close().ok());
}

TEST_F(TenantsTest, ARegionIsACountry) {
  Tenants tenants({log_.get(), vault_.get()}, &clock_, {});
  ASSERT_TRUE(tenants.Open().ok());
  v1::CreateTenantRequest request;
  request.set_zone("UTC");
  request.set_currency("EUR");
  for (const char* region : {"QQ", "ZZ", "EU", "de", "DEU", "D", "00"}) {
    request.set_tenant_id("wrong");
    request.set_region(region);
    EXPECT_EQ(domain::ReasonOf(tenants.Create(request, "admin", true).status()), v1::FIELD_INVALID) << region;
  }
  for (const char* region : {"", "DE", "IL", "GB", "AQ"}) {
    request.set_tenant_id(absl::StrCat("t", absl::AsciiStrToLower(region)));
    request.set_region(region);
    EXPECT_TRUE(tenants.Create(request, "admin", true).ok()) << region;
  }
  EXPECT_TRUE(tenants.Close().ok());
}

}  // namespace
}  // namespace recount::services
