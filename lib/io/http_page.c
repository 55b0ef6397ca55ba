/* lib/io/http_page.c - see http_page.h. */
#include "io/http_page.h"

#include <string.h>

const char *esep_http_file_type(const char *path)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".woff2", "font/woff2"},
        {".ico", "image/x-icon"},
        {".txt", "text/plain; charset=utf-8"},
    };
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending != NULL && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].ending, ending) == 0)
            return types[i].type;
    return NULL;
}

const struct esep_http_field esep_http_page_heads[ESEP_HTTP_PAGE_HEADS] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
     "'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

json_t *esep_http_object(struct esep_slice text)
{
    json_t *value =
        text.len > 0 ? json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL)
                     : NULL;
    if (json_is_object(value))
        return value;
    json_decref(value);
    return NULL;
}

json_t *esep_http_body_object(const struct esep_http_request *request)
{
    return esep_http_object(esep_http_body(request));
}
