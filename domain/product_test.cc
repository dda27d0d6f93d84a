#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

class ProductTest : public testing::Test {
 protected:
  ProductTest() {
    scenario.Given("products/1", "2024-01-01",
                   R"(product { created { display_name: 'Press' kind: 'GTX'
        list_prices { currency_code: 'USD' units: 10 } } })");
  }
  const v1::Product& product() { return scenario.The<v1::Product>("products/1"); }
  Scenario scenario;
};

TEST_F(ProductTest, IsCreated) {
  scenario
      .When(
          R"(create_product { display_name: 'Saw' kind: 'MG' list_prices { currency_code: 'USD' units: 3 }
                   list_prices { currency_code: 'EUR' units: 2 nanos: 500000000 } })")
      .Then(
          {R"(product { created { display_name: 'Saw' kind: 'MG' list_prices { currency_code: 'EUR' units: 2 nanos: 500000000 }
                list_prices { currency_code: 'USD' units: 3 } } })"},
          {"products/id-1"});
  scenario.When("create_product {}").Refused(v1::NAME_REQUIRED, "display_name");
  scenario
      .When("create_product { display_name: 'x' list_prices { currency_code: 'USD' units: -3 } }")
      .Refused(v1::AMOUNT_INVALID, "list_prices[0]");
  scenario
      .When(R"(create_product { display_name: 'x' list_prices { currency_code: 'USD' units: 3 }
                   list_prices { currency_code: 'USD' units: 4 } })")
      .Refused(v1::FIELD_INVALID, "list_prices[1]");
}

TEST_F(ProductTest, Changes) {
  scenario
      .When(
          "change_product_details { product { name: 'products/1' } kind: 'MG' display_name: "
          "'Press' }")
      .Then({"product { details_changed { kind: 'MG' } }"});
  scenario.When("change_product_details { product { name: 'products/1' } kind: 'MG' }").Nothing();
  scenario.When("change_product_details { product { name: 'products/1' } display_name: '' }")
      .Refused(v1::NAME_REQUIRED);
}

TEST_F(ProductTest, HasOneListPriceForEachCurrency) {
  scenario.When("set_list_price { product { name: 'products/1' } }")
      .Refused(v1::FIELD_REQUIRED, "price");
  scenario
      .When(
          "set_list_price { product { name: 'products/1' } price { currency_code: 'USD' units: 10 "
          "} }")
      .Nothing();
  scenario
      .When(
          "set_list_price { product { name: 'products/1' } price { currency_code: 'USD' units: 12 "
          "} }")
      .Then({"product { list_price_set { price { currency_code: 'USD' units: 12 } } }"});
  scenario
      .When(
          "set_list_price { product { name: 'products/1' } price { currency_code: 'EUR' units: 9 } "
          "}")
      .Then({"product { list_price_set { price { currency_code: 'EUR' units: 9 } } }"});
  ASSERT_EQ(product().list_prices_size(), 2);
  EXPECT_EQ(product().list_prices(0).units(), 12);
}

TEST_F(ProductTest, IsRetiredOnce) {
  scenario.When("retire_product { product { name: 'products/1' } }")
      .Then({"product { retired {} }"});
  scenario.When("retire_product { product { name: 'products/1' } }").Nothing();
  EXPECT_TRUE(product().retired());
}

TEST_F(ProductTest, Upserts) {
  const std::string upsert =
      R"(create_product { name: 'products/1' allow_existing: true display_name: 'Press' kind: 'X'
      list_prices { currency_code: 'USD' units: 11 } })";
  scenario.When(upsert).Then(
      {"product { details_changed { kind: 'X' } }",
       "product { list_price_set { price { currency_code: 'USD' units: 11 } } }"});
  scenario.When(upsert).Nothing();
}

}  // namespace
}  // namespace recount::domain
