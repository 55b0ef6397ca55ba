# cmake -DIN=FILE -DOUT=FILE.c -P dictionary.cmake: a file's bytes as the C array that lib/wire/compress.c reads.
file(READ ${IN} hex HEX)
string(LENGTH ${hex} digits)
math(EXPR bytes "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," values ${hex})
file(WRITE ${OUT} "#include <stddef.h>\n#include <stdint.h>\n
extern const uint8_t esep_dictionary_bytes[];\nextern const size_t esep_dictionary_len;
const uint8_t esep_dictionary_bytes[] = {${values}};\nconst size_t esep_dictionary_len = ${bytes};\n")
