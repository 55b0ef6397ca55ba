# esep_pure_library(NAME SOURCES ... LIBS ...): a library that may link to nothing but the pure
# libraries, generated protobuf code, libsodium and libc. scripts/check-pure looks at its undefined
# symbols and its sources' includes after every build of it.
function(esep_pure_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(${name} PUBLIC ${arg_LIBS} PRIVATE esep_flags)
  set_property(GLOBAL APPEND PROPERTY ESEP_PURE_TARGETS ${name})
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${PROJECT_SOURCE_DIR}/scripts/check-pure --archive $<TARGET_FILE:${name}>
            --sources ${arg_SOURCES}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} VERBATIM)
endfunction()

# esep_library(NAME SOURCES ... LIBS ...): a library of a shell.
function(esep_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(${name} PUBLIC ${arg_LIBS} PRIVATE esep_flags)
endfunction()

# esep_program(NAME SOURCES ... LIBS ...): lands in build/bin.
function(esep_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(${name} PRIVATE ${arg_LIBS} esep_flags)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# esep_unit_test(NAME SOURCES ... LIBS ...): a cmocka program, one ctest.
function(esep_unit_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(${name} PRIVATE ${arg_LIBS} PkgConfig::CMOCKA esep_flags)
  target_compile_definitions(${name} PRIVATE ESEP_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  if(ESEP_SHORT)
    target_compile_definitions(${name} PRIVATE ESEP_SHORT)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS unit)
endfunction()
