/* tests/fuzz/media.c - a file that somebody attaches, and what they call it.
 *
 * Input: the name up to the first line feed, the content behind it. Properties: what is taken is of
 * a kind in the list and its name ends as that kind's do; what is refused has a reason. A cleaned
 * name is UTF-8 in one line, has no separators, and cleaning it again changes nothing.
 */
#include "domain/media.h"

#include "base/text.h"
#include "fuzz.h"

static void check_name(const char *name)
{
    char clean[ESEP_MEDIA_NAME_BYTES], again[ESEP_MEDIA_NAME_BYTES];
    esep_media_name(name, clean);
    FUZZ_CHECK(clean[0] != '\0' && strlen(clean) < sizeof clean);
    FUZZ_CHECK(esep_utf8_valid(esep_slice_str(clean)));
    FUZZ_CHECK(strpbrk(clean, "/\\\r\n\t\"<>|:*?") == NULL && clean[0] != '.');
    esep_media_name(clean, again);
    FUZZ_CHECK(strcmp(clean, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[600];
    const struct esep_media *media = NULL;
    struct esep_reason reason = {.text = ""};
    const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
    const size_t len = line != NULL ? (size_t)(line - data) : 0;
    if (line == NULL || len >= sizeof name || memchr(data, '\0', len) != NULL)
        return 0;
    memcpy(name, data, len);
    name[len] = '\0';
    check_name(name);
    if (esep_media_check(esep_slice(line + 1, size - len - 1), name, &media, &reason) != ESEP_OK) {
        FUZZ_CHECK(reason.text[0] != '\0' && media == NULL);
        return 0;
    }
    FUZZ_CHECK(media != NULL && esep_media_find(media->type) == media);
    FUZZ_CHECK(strrchr(name, '.') != NULL);
    return 0;
}
