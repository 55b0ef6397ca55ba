/* lib/io/http_page.h - what the two pages (the commission's, the clerk's) have in common as HTTP.
 *
 * Which kinds of files a page is made of, what every answer's head forbids the browser, and what a
 * body must be to be read as an order. Which routes there are, who may take them and what a refusal
 * says is each page's own.
 */
#ifndef ESEP_IO_HTTP_PAGE_H
#define ESEP_IO_HTTP_PAGE_H

#include "io/http.h"

#include <jansson.h>

/* By the ending of a file's name; NULL: no kind that a page serves. */
const char *esep_http_file_type(const char *path);

/* No script, style or request but the page's own, no frame around it, no form to elsewhere. */
enum { ESEP_HTTP_PAGE_HEADS = 5 };
extern const struct esep_http_field esep_http_page_heads[ESEP_HTTP_PAGE_HEADS];

/* The request's body as an object in which no name comes twice; NULL: it is none. */
json_t *esep_http_body_object(const struct esep_http_request *request);
json_t *esep_http_object(struct esep_slice text); /* the same, of any text */

#endif
