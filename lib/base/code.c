/* lib/base/code.c - see code.h. The arithmetic is GF(2)[x] modulo x^5 + x^2 + 1, in which x is
 * primitive: its powers 0..30 differ, and a code has 27 places. */
#include "base/code.h"

#define DATA_LETTERS 26
#define LETTERS (DATA_LETTERS + 1)
#define GROUP 4

static const char alphabet[33] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static unsigned times_x(unsigned v)
{
    v <<= 1;
    return (v & 32U) != 0 ? (v ^ 0x25U) & 31U : v;
}

/* Horner: the letter at place i is weighed by x^(LETTERS - 1 - i), the check letter by 1. */
static unsigned check_of(const uint8_t values[DATA_LETTERS])
{
    unsigned sum = 0;
    for (size_t i = 0; i < DATA_LETTERS; i++) {
        sum = times_x(sum) ^ values[i];
    }
    return times_x(sum);
}

void esep_code_format(const uint8_t code[ESEP_CODE_BYTES], char out[ESEP_CODE_TEXT_BYTES])
{
    uint8_t values[LETTERS];
    unsigned bits = 0;
    unsigned held = 0;
    size_t next = 0;
    for (size_t i = 0; i < DATA_LETTERS; i++) {
        if (held < 5) {
            bits = bits << 8 | (next < ESEP_CODE_BYTES ? code[next] : 0U);
            next++;
            held += 8;
        }
        held -= 5;
        values[i] = (uint8_t)(bits >> held & 31U);
    }
    values[DATA_LETTERS] = (uint8_t)check_of(values);

    size_t at = 0;
    for (size_t i = 0; i < LETTERS; i++) {
        if (i > 0 && i % GROUP == 0) {
            out[at++] = '-';
        }
        out[at++] = alphabet[values[i]];
    }
    out[at] = '\0';
    ESEP_ASSERT(at + 1 == ESEP_CODE_TEXT_BYTES);
}

/* 0..31; 32: skip; 33: not a letter of a code. */
static unsigned value_of(char letter)
{
    if (letter >= 'a' && letter <= 'z') {
        letter = (char)(letter - 'a' + 'A');
    }
    switch (letter) { /* never NUL: strchr below would find it */
    case ' ':
    case '-':
    case '\t':
        return 32;
    case 'O':
        return 0;
    case 'I':
    case 'L':
        return 1;
    default:
        break;
    }
    const char *found = strchr(alphabet, letter);
    return found != NULL ? (unsigned)(found - alphabet) : 33;
}

enum esep_status esep_code_parse(const char *text, uint8_t ret_code[ESEP_CODE_BYTES],
                                 struct esep_reason *reason)
{
    uint8_t values[LETTERS] = {0};
    size_t count = 0;
    for (const char *p = text; *p != '\0'; p++) {
        const unsigned value = value_of(*p);
        if (value == 32) {
            continue;
        }
        if (value == 33) {
            return esep_because(reason, ESEP_INVALID,
                                "character %zu of the code is not one that codes are made of; "
                                "copy the code again",
                                (size_t)(p - text) + 1);
        }
        if (count == LETTERS) {
            return esep_because(reason, ESEP_INVALID, "the code is longer than %d letters",
                                LETTERS);
        }
        values[count++] = (uint8_t)value;
    }
    if (count < LETTERS) {
        return esep_because(reason, ESEP_INVALID, "the code has %zu letters of %d", count, LETTERS);
    }
    /* 26 letters are 130 bits: the two behind the 128 are zero in every code ever printed. */
    if (check_of(values) != values[DATA_LETTERS] || (values[DATA_LETTERS - 1] & 3U) != 0) {
        return esep_because(reason, ESEP_INVALID,
                            "the code has a slip in it (its check letter does not fit); "
                            "compare it with the original");
    }
    unsigned bits = 0;
    unsigned held = 0;
    size_t at = 0;
    for (size_t i = 0; i < DATA_LETTERS; i++) {
        bits = bits << 5 | values[i];
        held += 5;
        if (held >= 8) {
            held -= 8;
            ret_code[at++] = (uint8_t)(bits >> held);
        }
    }
    ESEP_ASSERT(at == ESEP_CODE_BYTES);
    return ESEP_OK;
}
