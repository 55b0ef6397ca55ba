# Every target of ours links esep_flags; generated code and other people's headers do not.
add_library(esep_flags INTERFACE)
target_compile_definitions(esep_flags INTERFACE _GNU_SOURCE ESEP_VERSION="${PROJECT_VERSION}")
target_compile_options(esep_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wundef -Wvla -Wformat=2 -Wcast-qual -Wwrite-strings -Wpointer-arith
  -Wdouble-promotion -Wnull-dereference -Wswitch-enum -Wno-switch-enum -Wimplicit-fallthrough
  -fno-strict-overflow -fno-common)
# protobuf-c's INIT macros cast a const away. gcc knows that they come from a system header, clang
# looks at where they are used: there gcc alone keeps watch over casts.
if(CMAKE_C_COMPILER_ID MATCHES Clang)
  target_compile_options(esep_flags INTERFACE -Wno-cast-qual)
endif()
if(ESEP_WERROR)
  target_compile_options(esep_flags INTERFACE -Werror)
endif()

# Hardening; _FORTIFY_SOURCE needs optimisation and does not go with the sanitizers.
target_compile_options(esep_flags INTERFACE -fstack-protector-strong -fstack-clash-protection
  -fcf-protection=full)
target_link_options(esep_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
set(CMAKE_POSITION_INDEPENDENT_CODE ${ESEP_PIE})
include(CheckPIESupported)
check_pie_supported()
if(NOT ESEP_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(esep_flags INTERFACE _FORTIFY_SOURCE=2)
endif()

if(ESEP_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(ESEP_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "ESEP_FUZZ needs clang: cmake --preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(ESEP_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
