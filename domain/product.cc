#include "domain/product.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "domain/details.h"
#include "domain/money.h"
#include "domain/record.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

// ---- decide ----

using Prices = std::map<std::string, google::type::Money>;  // by currency

absl::StatusOr<google::type::Money> CheckPrice(const google::type::Money& price,
                                               absl::string_view field) {
  RECOUNT_ASSIGN_OR_RETURN(const int64_t minor, MinorFromMoney(price, field));
  if (minor < 0) return Refuse(v1::AMOUNT_INVALID, "a list price is not negative", field);
  return MoneyFromMinor(minor, price.currency_code());
}

absl::StatusOr<Prices> CheckPrices(
    const google::protobuf::RepeatedPtrField<google::type::Money>& given) {
  Prices prices;
  for (int i = 0; i < given.size(); ++i) {
    const std::string field = absl::StrCat("list_prices[", i, "]");
    RECOUNT_ASSIGN_OR_RETURN(google::type::Money price, CheckPrice(given[i], field));
    if (!prices.emplace(given[i].currency_code(), std::move(price)).second) {
      return Refuse(v1::FIELD_INVALID,
                    absl::StrCat("there are two list prices in ", given[i].currency_code()), field);
    }
  }
  return prices;
}

bool HasPrice(const v1::Product& product, const google::type::Money& price) {
  return std::any_of(product.list_prices().begin(), product.list_prices().end(),
                     [&price](const google::type::Money& known) {
                       return known.currency_code() == price.currency_code() &&
                              known.units() == price.units() && known.nanos() == price.nanos();
                     });
}

v1::ProductEvent* AppendEvent(const v1::Product& product, Deciding* deciding) {
  return deciding->Append(product.info().name(), "")->mutable_product();
}

void SetPrice(const v1::Product& product, const google::type::Money& price, Deciding* deciding) {
  if (!HasPrice(product, price))
    *AppendEvent(product, deciding)->mutable_list_price_set()->mutable_price() = price;
}

void ChangeDetails(const v1::Product& product, v1::ProductDetailsChanged changed,
                   Deciding* deciding) {
  if (!KeepChanges(product, &changed)) return;
  *AppendEvent(product, deciding)->mutable_details_changed() = std::move(changed);
}

absl::Status Create(const v1::CreateProductRequest& command, const Place& place,
                    const Prices& prices, Deciding* deciding) {
  if (command.display_name().empty())
    return Refuse(v1::NAME_REQUIRED, "a product needs a name", "display_name");
  v1::ProductCreated event;
  RECOUNT_RETURN_IF_ERROR(FillCreation(command, place, deciding, &event));
  event.set_display_name(command.display_name());
  event.set_kind(command.kind());
  for (const auto& [currency, price] : prices) *event.add_list_prices() = price;
  *deciding->Append(place.stream, "")->mutable_product()->mutable_created() = std::move(event);
  return absl::OkStatus();
}

absl::Status Update(const v1::CreateProductRequest& command, const Place& place,
                    const Prices& prices, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const State* state, deciding->Load(place.stream));
  const v1::Product& product = *std::get_if<v1::Product>(state);
  v1::ProductDetailsChanged changed;
  if (!command.display_name().empty()) changed.set_display_name(command.display_name());
  if (!command.kind().empty()) changed.set_kind(command.kind());
  ChangeDetails(product, std::move(changed), deciding);
  for (const auto& [currency, price] : prices) SetPrice(product, price, deciding);
  return AddToExisting(*state, command.external_ids(), command.tags(), command.fields(), deciding);
}

// ---- evolve ----

void Begin(const v1::ProductCreated& event, const EventMeta& meta, v1::Product* product) {
  BeginRecord(event, meta, product->mutable_info());
  product->set_display_name(event.display_name());
  product->set_kind(event.kind());
  *product->mutable_list_prices() = event.list_prices();
}

void ApplyPrice(const google::type::Money& price, v1::Product* product) {
  for (google::type::Money& known : *product->mutable_list_prices()) {
    if (known.currency_code() != price.currency_code()) continue;
    known = price;
    return;
  }
  *product->add_list_prices() = price;
}

}  // namespace

absl::Status Decide(const v1::CreateProductRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const Prices prices, CheckPrices(command.list_prices()));
  RECOUNT_ASSIGN_OR_RETURN(const Place place,
                           deciding->PlaceFor("products", command.name(), command.external_ids(),
                                              command.allow_existing()));
  return place.is_there ? Update(command, place, prices, deciding)
                        : Create(command, place, prices, deciding);
}

absl::Status Decide(const v1::ChangeProductDetailsRequest& command, Deciding* deciding) {
  v1::ProductDetailsChanged changed;
  if (command.has_display_name()) {
    if (command.display_name().empty())
      return Refuse(v1::NAME_REQUIRED, "a product needs a name", "display_name");
    changed.set_display_name(command.display_name());
  }
  if (command.has_kind()) changed.set_kind(command.kind());
  RECOUNT_ASSIGN_OR_RETURN(
      const v1::Product* product,
      deciding->TargetAs<v1::Product>("products", command.product(), "product"));
  ChangeDetails(*product, std::move(changed), deciding);
  return absl::OkStatus();
}

absl::Status Decide(const v1::SetListPriceRequest& command, Deciding* deciding) {
  if (!command.has_price()) return Refuse(v1::FIELD_REQUIRED, "say which price", "price");
  RECOUNT_ASSIGN_OR_RETURN(const google::type::Money price, CheckPrice(command.price(), "price"));
  RECOUNT_ASSIGN_OR_RETURN(
      const v1::Product* product,
      deciding->TargetAs<v1::Product>("products", command.product(), "product"));
  SetPrice(*product, price, deciding);
  return absl::OkStatus();
}

absl::Status Decide(const v1::RetireProductRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(
      const v1::Product* product,
      deciding->TargetAs<v1::Product>("products", command.product(), "product"));
  if (!product->retired()) AppendEvent(*product, deciding)->mutable_retired();
  return absl::OkStatus();
}

void EvolveProduct(const v1::ProductEvent& event, const EventMeta& meta, v1::Product* product) {
  switch (event.event_case()) {
    case v1::ProductEvent::kCreated:
      Begin(event.created(), meta, product);
      break;
    case v1::ProductEvent::kDetailsChanged:
      ApplyDetails(event.details_changed(), product);
      break;
    case v1::ProductEvent::kListPriceSet:
      ApplyPrice(event.list_price_set().price(), product);
      break;
    case v1::ProductEvent::kRetired:
      product->set_retired(true);
      break;
    case v1::ProductEvent::kDeleted:
      EvolveRecord(event.deleted(), meta, product->mutable_info());
      break;
    case v1::ProductEvent::kRestored:
      EvolveRecord(event.restored(), meta, product->mutable_info());
      break;
    case v1::ProductEvent::kExternalIdLinked:
      EvolveRecord(event.external_id_linked(), product->mutable_info());
      break;
    case v1::ProductEvent::kAnnotated:
      EvolveRecord(event.annotated(), product->mutable_info());
      break;
    case v1::ProductEvent::EVENT_NOT_SET:
      break;
  }
}

}  // namespace recount::domain
