/* tests/fuzz/fuzz.h - the one function of a fuzz target, as libFuzzer and the replay call it.
 *
 * A target calls the code under test on the input and traps (FUZZ_CHECK) where a property does not
 * hold. It has no state that outlives a call, so that one input alone reproduces what it finds.
 */
#ifndef ESEP_FUZZ_H
#define ESEP_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition) ((condition) ? (void)0 : __builtin_trap())

#endif
