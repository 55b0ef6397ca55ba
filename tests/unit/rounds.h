/* tests/unit/rounds.h - how many seeds a test draws.
 *
 * The whole suite asks each question in several builds. What draws its stories from a seed draws
 * all of them in most, and in a build that is slow and said to be short (ESEP_SHORT, the preset
 * dev) the first quarter: same code, same stories, fewer of them.
 */
#ifndef TESTS_UNIT_ROUNDS_H
#define TESTS_UNIT_ROUNDS_H

#include <stdint.h>

static inline uint64_t test_rounds(uint64_t all)
{
#ifdef ESEP_SHORT
    return all / 4;
#else
    return all;
#endif
}

#endif
