// The files of projections/catalogue/, compiled into the program (embed_texts.cmake).
#ifndef RECOUNT_PROJECTIONS_ENGINE_CATALOGUE_TEXTS_H_
#define RECOUNT_PROJECTIONS_ENGINE_CATALOGUE_TEXTS_H_

#include <string>
#include <utility>
#include <vector>

namespace recount::projections {

// File name and text, in the order of the names.
const std::vector<std::pair<std::string, std::string>>& CatalogueTexts();

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_CATALOGUE_TEXTS_H_
