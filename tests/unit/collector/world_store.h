/* tests/unit/collector/world_store.h - the world of views_world.h, laid into a real store.
 *
 * Its hashes are of its own making; a store has those of the bodies, so they are made anew before.
 */
#ifndef TESTS_WORLD_STORE_H
#define TESTS_WORLD_STORE_H

#include "views_world.h"

void world_chain(struct world *w);
/* Everything so far; cut the rows before. */
void world_store(struct world *w, const char *path, size_t map_bytes);

#endif
