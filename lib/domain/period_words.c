/* lib/domain/period_words.c - the reader of tokens: text, through the lexicon, to kinds and values.
 *
 * The longest entry of the lexicon that matches at a place wins, so "жыл сайын" is not
 * taken for "жыл". Letters are folded to lower case without changing a byte count: an offset in
 * the folded text is an offset in the text as written.
 */
#include "domain/period_words.h"

struct reader {
    char folded[ESEP_PERIOD_TEXT_MAX + 4]; /* NULs behind the end: looking ahead needs no check */
    size_t len;
    size_t at;
    unsigned languages; /* that all words so far belong to */
};

/* The bytes of the UTF-8 sequence at p, 0 where it is none. Two and three bytes are enough here:
 * no word of a period has a character beyond them. */
static size_t sequence_len(const char *p)
{
    const unsigned char c = (unsigned char)p[0];
    if (c < 0x80) {
        return 1;
    }
    const size_t len = c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : 0;
    for (size_t i = 1; i < len; i++) {
        if (((unsigned char)p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return len;
}

static unsigned decode2(const char *p)
{
    return ((unsigned)(unsigned char)p[0] & 0x1Fu) << 6 | ((unsigned)(unsigned char)p[1] & 0x3Fu);
}

/* Lower case for ASCII and for Cyrillic with the Kazakh letters; the length stays. */
static void fold(char *p, size_t len)
{
    if (len == 1 && p[0] >= 'A' && p[0] <= 'Z') {
        p[0] = (char)(p[0] + ('a' - 'A'));
    }
    if (len != 2) {
        return;
    }
    unsigned c = decode2(p);
    if (c >= 0x0400 && c <= 0x040F) {
        c += 0x50;
    } else if (c >= 0x0410 && c <= 0x042F) {
        c += 0x20;
    } else if (c >= 0x048A && c <= 0x04FF && (c < 0x04C0 || c > 0x04CF)) {
        c |= 1; /* pairs: capital even, small odd */
    }
    p[0] = (char)(0xC0u | c >> 6);
    p[1] = (char)(0x80u | (c & 0x3Fu));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Letters and digits go on; anything else ends a word. */
static bool goes_on(const char *p)
{
    if (is_digit(*p) || (*p >= 'a' && *p <= 'z')) {
        return true;
    }
    return sequence_len(p) == 2 && decode2(p) >= 0x0400 && decode2(p) <= 0x04FF;
}

static size_t space_len(const char *p)
{
    if (*p == ' ' || *p == '\t') {
        return 1;
    }
    return strncmp(p, "\xC2\xA0", 2) == 0 ? 2 : 0; /* no-break space */
}

static size_t dash_len(const char *p)
{
    static const char *const dashes[] = {"-",      "\u2010", "\u2011", "\u2012",
                                         "\u2013", "\u2014", "\u2015", "\u2212"};
    for (size_t i = 0; i < sizeof dashes / sizeof *dashes; i++) {
        if (strncmp(p, dashes[i], strlen(dashes[i])) == 0) {
            return strlen(dashes[i]);
        }
    }
    return 0;
}

/* How many bytes of p the entry takes, 0 where it does not match up to the end of a word. */
static size_t matched_len(const char *p, const char *entry)
{
    size_t at = 0;
    for (; *entry != '\0'; entry++) {
        size_t step = 1;
        if (*entry == ' ') {
            step = space_len(p + at);
            while (step > 0 && space_len(p + at + step) > 0) {
                step += space_len(p + at + step);
            }
        } else if (p[at] != *entry) {
            return 0;
        }
        if (step == 0) {
            return 0;
        }
        at += step;
    }
    return entry[-1] != '.' && goes_on(p + at) ? 0 : at;
}

static bool speak(struct reader *reader, unsigned languages)
{
    reader->languages &= languages;
    return reader->languages != 0;
}

/* Whether p is written in the shape, y, m and d standing for digits. */
static bool has_shape(const char *p, const char *shape, struct period_token *token)
{
    for (; *shape != '\0'; p++, shape++) {
        int *field = *shape == 'y'   ? &token->value
                     : *shape == 'm' ? &token->month
                     : *shape == 'd' ? &token->day
                                     : NULL;
        if (field == NULL ? *p != *shape : !is_digit(*p)) {
            return false;
        }
        if (field != NULL) {
            *field = *field * 10 + (*p - '0');
        }
    }
    return !goes_on(p);
}

/* "2013-06-30" or "30.06.2013"; 0 where it is neither. */
static size_t read_date(const char *p, struct period_token *ret_token)
{
    static const char *const shapes[] = {"yyyy-mm-dd", "dd.mm.yyyy"};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct period_token token = {.kind = 'D', .offset = ret_token->offset};
        if (has_shape(p, shapes[s], &token)) {
            *ret_token = token;
            return strlen(shapes[s]);
        }
    }
    return 0;
}

static const char *english_suffix(int value)
{
    if (value % 100 >= 11 && value % 100 <= 13) {
        return "th";
    }
    return value % 10 == 1 ? "st" : value % 10 == 2 ? "nd" : value % 10 == 3 ? "rd" : "th";
}

/* The ordinal's ending at p, and its language into the reader. */
static size_t read_suffix(struct reader *reader, const char *p, const struct period_token *token)
{
    if (token->kind == 'n' && matched_len(p, english_suffix(token->value)) > 0) {
        return speak(reader, PERIOD_ENGLISH) ? 2 : 0;
    }
    for (size_t i = 0; i < esep_period_suffix_count; i++) {
        const size_t len = matched_len(p, esep_period_suffixes[i].text);
        if (len > 0) {
            return speak(reader, esep_period_suffixes[i].languages) ? len : 0;
        }
    }
    return 0;
}

/* A day, a quarter (one or two digits) or a year (four). */
static size_t read_number(struct reader *reader, const char *p, struct period_token *token)
{
    size_t len = 0;
    token->value = 0;
    while (len < 5 && is_digit(p[len])) {
        token->value = token->value * 10 + (p[len] - '0');
        len++;
    }
    if (len == 4 && token->value >= 1000) {
        token->kind = 'y';
    } else if (len == 1 || len == 2) {
        token->kind = 'n';
        len += read_suffix(reader, p + len, token);
    } else {
        return 0;
    }
    return goes_on(p + len) ? 0 : len;
}

static size_t read_word(struct reader *reader, const char *p, struct period_token *token,
                        unsigned *ret_languages)
{
    size_t best = 0;
    for (size_t i = 0; i < esep_period_word_count; i++) {
        const size_t len = matched_len(p, esep_period_words[i].text);
        if (len > best) {
            best = len;
            token->kind = esep_period_words[i].kind;
            token->value = esep_period_words[i].value;
            *ret_languages = esep_period_words[i].languages;
        }
    }
    if (best > 0 && token->kind == 'r') {
        best += read_suffix(reader, p + best, token);
    }
    return best;
}

/* One token at reader->at. Returns its length, 0 where nothing fits. */
static size_t read_token(struct reader *reader, struct period_token *token)
{
    const char *p = reader->folded + reader->at;
    if (is_digit(*p)) {
        const size_t date = read_date(p, token);
        return date > 0 ? date : read_number(reader, p, token);
    }
    if (*p == ',') {
        token->kind = ',';
        return 1;
    }
    if (dash_len(p) > 0) {
        token->kind = '-';
        return dash_len(p);
    }
    unsigned languages = PERIOD_ANY;
    const size_t len = read_word(reader, p, token, &languages);
    return len > 0 && speak(reader, languages) ? len : 0;
}

static enum esep_status fold_text(struct reader *reader, const char *text, size_t *ret_offset,
                                  struct esep_reason *reason)
{
    reader->len = strnlen(text, ESEP_PERIOD_TEXT_MAX + 1);
    if (reader->len > ESEP_PERIOD_TEXT_MAX) {
        *ret_offset = ESEP_PERIOD_TEXT_MAX;
        return esep_because(reason, ESEP_INVALID, "a period has at most %d bytes",
                            ESEP_PERIOD_TEXT_MAX);
    }
    memcpy(reader->folded, text, reader->len);
    for (size_t i = 0, len = 0; i < reader->len; i += len) {
        len = sequence_len(reader->folded + i);
        if (len == 0) {
            *ret_offset = i;
            return esep_because(reason, ESEP_INVALID, "byte %zu of the period is not text", i);
        }
        fold(reader->folded + i, len);
    }
    return ESEP_OK;
}

/* Why no token could be read at the reader's place. */
static enum esep_status refuse(const struct reader *reader, const char *text,
                               struct esep_reason *reason)
{
    const char *p = text + reader->at;
    size_t len = 0;
    while (len < 24 && (unsigned char)p[len] >= 0x20 && space_len(p + len) == 0) {
        len += sequence_len(p + len);
    }
    if (reader->languages == 0) {
        return esep_because(reason, ESEP_INVALID,
                            "\"%.*s\" is of another language than the words "
                            "before it",
                            (int)len, p);
    }
    return esep_because(reason, ESEP_INVALID, "\"%.*s\" is no word of a period", (int)len, p);
}

enum esep_status esep_period_tokens(const char *text, struct period_tokens *ret_tokens,
                                    size_t *ret_offset, struct esep_reason *reason)
{
    struct reader reader = {.languages = PERIOD_ANY};
    enum esep_status status = fold_text(&reader, text, ret_offset, reason);
    if (status != ESEP_OK) {
        return status;
    }
    struct period_tokens tokens = {.count = 0};
    for (;;) {
        while (space_len(reader.folded + reader.at) > 0) {
            reader.at += space_len(reader.folded + reader.at);
        }
        struct period_token *token = &tokens.items[tokens.count];
        token->offset = reader.at;
        token->kind = '$';
        if (reader.at == reader.len) {
            break;
        }
        const size_t len = read_token(&reader, token);
        if (len == 0) {
            *ret_offset = reader.at;
            return refuse(&reader, text, reason);
        }
        if (tokens.count == ESEP_PERIOD_TOKENS_MAX) {
            *ret_offset = reader.at;
            return esep_because(reason, ESEP_INVALID, "too many words for a period");
        }
        tokens.count++;
        reader.at += len;
    }
    *ret_tokens = tokens;
    return ESEP_OK;
}
