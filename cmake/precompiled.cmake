# Precompiled headers of the libraries that most of the compile time goes to.

# dnsd_precompiled(TARGET...): these targets begin with the precompiled headers, if DNSD_PCH is on.
# The rooms and programs do in the sanitizer builds alone: elsewhere every file of theirs is seen to
# include what it needs.
function(dnsd_precompiled)
  foreach(target ${ARGN})
    if(DNSD_PCH AND (DNSD_SANITIZE OR target MATCHES "_test$"))
      target_link_libraries(${target} PRIVATE dnsd_pch)
      target_precompile_headers(${target} REUSE_FROM dnsd_pch_build)
      # g++ 12 takes precompiled library code for ours, and sees overflows in std::string (its bugs
      # 105329 and 105651).
      target_compile_options(${target} PRIVATE
        "$<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow;-Wno-array-bounds>")
    endif()
  endforeach()
endfunction()

if(DNSD_PCH)
  find_package(GTest REQUIRED)
  # What a target must see for the headers to be the same in it: every include folder and option.
  add_library(dnsd_pch INTERFACE)
  target_link_libraries(dnsd_pch INTERFACE dnsd_options gRPC::grpc++ protobuf::libprotobuf
    spdlog::spdlog GTest::gmock Threads::Threads)
  if(DNSD_SANITIZE MATCHES "thread")
    target_compile_options(dnsd_pch INTERFACE -U__SANITIZE_THREAD__)  # as proto/CMakeLists.txt says
  endif()
  file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cc "")
  add_library(dnsd_pch_build OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
  target_link_libraries(dnsd_pch_build PRIVATE dnsd_pch)
  target_precompile_headers(dnsd_pch_build PRIVATE
    <algorithm> <chrono> <functional> <map> <memory> <optional> <string> <unordered_map> <vector>
    <gmock/gmock.h> <gtest/gtest.h> <grpcpp/grpcpp.h> <google/protobuf/message.h>
    <nlohmann/json.hpp> <spdlog/spdlog.h>)
endif()
