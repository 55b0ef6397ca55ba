/* tests/unit/paper/sample.h - documents that have one of everything, in three languages. */
#ifndef TESTS_UNIT_PAPER_SAMPLE_H
#define TESTS_UNIT_PAPER_SAMPLE_H

#include "paper/paper.h"

/* Every kind of block and cell, hostile texts among them. */
struct paper *sample_of_all(const char *language);
/* Random bytes wherever a text may stand. */
struct paper *sample_of_noise(uint64_t seed);
/* Tables of so many rows, one of whose cells is longer than a page. */
struct paper *sample_of_rows(const char *language, size_t rows);

#endif
