# Writes text files into one C++ source: cmake -DOUTPUT=file.cc -DFILES=a;b -P embed_texts.cmake
# It defines CatalogueTexts(): pairs of file name and text.
set(source "#include \"projections/engine/catalogue_texts.h\"\n\nnamespace recount::projections {\n\n")
string(APPEND source "const std::vector<std::pair<std::string, std::string>>& CatalogueTexts() {\n")
string(APPEND source "  static const auto& texts = *new std::vector<std::pair<std::string, std::string>>{\n")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND source "      {\"${name}\", R\"textproto(${text})textproto\"},\n")
endforeach()
string(APPEND source "  };\n  return texts;\n}\n\n}  // namespace recount::projections\n")
file(WRITE ${OUTPUT} "${source}")
