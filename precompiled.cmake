# What most files include, compiled once for all of them: a file takes 2 s instead of 8. A file includes what it uses all the same;
# the preset `dev` compiles without, and finds what is missing. (gcc 12 then warns within the standard library of `std::string(n, c) +
# "text"`, wrongly: absl::StrCat.)
set(standard_headers <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <cstring> <deque> <filesystem> <fstream>
  <functional> <future> <limits> <map> <memory> <mutex> <optional> <random> <set> <sstream> <string> <thread> <utility> <vector>)
set(abseil_headers absl/container/flat_hash_map.h absl/container/flat_hash_set.h absl/numeric/int128.h absl/status/status.h
  absl/status/statusor.h absl/strings/ascii.h absl/strings/escaping.h absl/strings/match.h absl/strings/numbers.h
  absl/strings/str_cat.h absl/strings/str_join.h absl/strings/str_split.h absl/strings/string_view.h absl/time/civil_time.h
  absl/time/time.h absl/types/span.h)
set(message_headers google/protobuf/descriptor.h google/protobuf/text_format.h recount/storage/v1/checkpoint.pb.h
  recount/storage/v1/commit.pb.h recount/storage/v1/token.pb.h recount/v1/admin.pb.h recount/v1/command.pb.h
  recount/v1/error_reason.pb.h recount/v1/event.pb.h recount/v1/history.pb.h recount/v1/options.pb.h recount/v1/query.pb.h
  recount/v1/record.pb.h recount/v1/report.pb.h recount/v1/report_definition.pb.h recount/v1/rule.pb.h recount/v1/tenant.pb.h)
set(grpc_headers grpcpp/grpcpp.h grpcpp/generic/generic_stub.h grpcpp/support/byte_buffer.h grpcpp/support/server_callback.h)

# gcc takes precompiled headers of a file compiled with the same flags alone.
add_compile_options(-pthread)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(precompiled_for_ccache -fpch-preprocess)  # else the compiler is asked for what ccache has
endif()

# recount_precompiled_headers(name "<header>;header.h" DEPENDS ...): made for recount_precompile(target name).
function(recount_precompiled_headers name headers)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  set(source ${CMAKE_BINARY_DIR}/gen/${name}.cc)
  file(WRITE ${source}.new "// Nothing: its headers are what is compiled.\n")
  file(COPY_FILE ${source}.new ${source} ONLY_IF_DIFFERENT)
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${source})
  target_link_libraries(${name} PRIVATE recount_warnings ${ARG_DEPENDS})
  target_compile_options(${name} PRIVATE ${precompiled_for_ccache})
  list(TRANSFORM headers REPLACE "^([^<].*)$" "<\\1>")
  target_precompile_headers(${name} PRIVATE ${headers})
endfunction()

function(recount_precompile target name)
  target_compile_options(${target} PRIVATE ${precompiled_for_ccache})
  target_precompile_headers(${target} REUSE_FROM ${name})
endfunction()
