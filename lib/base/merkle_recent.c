/* lib/base/merkle_recent.c - see merkle_recent.h. Level l has the 2^(LEVELS-l) slots from
 * 2^(LEVELS-l) on, as a heap has its rows: none is shared, and their number is twice the leaves'.
 */
#include "base/merkle_recent.h"

static uint64_t row(unsigned level)
{
    return ESEP_MERKLE_RECENT_LEAVES >> level;
}

void esep_merkle_recent_init(struct esep_merkle_recent *recent, uint64_t size)
{
    recent->begin = size;
    recent->size = size;
}

void esep_merkle_recent_put(struct esep_merkle_recent *recent, struct esep_merkle_place place,
                            const struct esep_hash *hash)
{
    if (place.level == 0)
        recent->size = place.index + 1;
    if (place.level <= ESEP_MERKLE_RECENT_LEVELS)
        recent->nodes[row(place.level) + place.index % row(place.level)] = *hash;
}

bool esep_merkle_recent_get(const struct esep_merkle_recent *recent, struct esep_merkle_place place,
                            struct esep_hash *ret)
{
    if (place.level > ESEP_MERKLE_RECENT_LEVELS)
        return false;
    uint64_t complete = recent->size >> place.level;
    /* It became complete with its last leaf, which must have come since the beginning. */
    if (place.index >= complete || complete - place.index > row(place.level) ||
        ((place.index + 1) << place.level) <= recent->begin)
        return false;
    *ret = recent->nodes[row(place.level) + place.index % row(place.level)];
    return true;
}
