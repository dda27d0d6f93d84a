// Products with list prices (domain.md A-19, the minimum).
#ifndef RECOUNT_DOMAIN_PRODUCT_H_
#define RECOUNT_DOMAIN_PRODUCT_H_

#include "domain/aggregate.h"
#include "domain/deciding.h"

namespace recount::domain {

absl::Status Decide(const v1::CreateProductRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ChangeProductDetailsRequest& command, Deciding* deciding);
absl::Status Decide(const v1::SetListPriceRequest& command, Deciding* deciding);
absl::Status Decide(const v1::RetireProductRequest& command, Deciding* deciding);

void EvolveProduct(const v1::ProductEvent& event, const EventMeta& meta, v1::Product* product);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_PRODUCT_H_
