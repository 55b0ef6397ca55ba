/* lib/paper/paper_pdf_layouts.c - texts laid out, see paper_pdf.h.
 *
 * A report says the same few thousand short texts over and over (labels, bodies, states, heads that
 * stand on every page), and each of them twice, since it is laid out twice. Shaping is most of what
 * a PDF costs, so the short ones are kept: at most KEPT_MAX, then all are let go and it begins
 * anew.
 */
#include "paper/paper_pdf.h"

#include <string.h>

#define KEPT_MAX 512
#define KEPT_BYTES_MAX 256 /* of a text; longer ones hardly come again */

struct key {
    enum pdf_role role;
    enum pdf_form form;
    int width; /* Pango units */
    size_t len;
    const char *text;
};
/* In one allocation, the key's text behind it. */
struct kept {
    struct key key;
    PangoLayout *layout;
    char text[];
};

static guint key_hash(gconstpointer pointer)
{
    const struct key *key = pointer;
    guint hash = 5381;
    for (size_t i = 0; i < key->len; i++)
        hash = hash * 33 + (unsigned char)key->text[i];
    hash = hash * 33 + (guint)key->width;
    return (hash * 33 + (guint)key->role) * 33 + (guint)key->form;
}

static gboolean key_equal(gconstpointer left, gconstpointer right)
{
    const struct key *a = left;
    const struct key *b = right;
    return a->role == b->role && a->form == b->form && a->width == b->width && a->len == b->len &&
           memcmp(a->text, b->text, a->len) == 0;
}

static void kept_free(gpointer pointer)
{
    struct kept *kept = pointer;
    g_object_unref(kept->layout);
    g_free(kept);
}

GHashTable *pdf_layouts_new(void)
{
    return g_hash_table_new_full(key_hash, key_equal, NULL, kept_free);
}

static PangoLayout *lay_out(struct pdf *pdf, const struct key *key)
{
    static const PangoAlignment alignments[PDF_FORMS] = {
        [PDF_CENTRE] = PANGO_ALIGN_CENTER, [PDF_RIGHT] = PANGO_ALIGN_RIGHT};
    PangoLayout *layout = pango_layout_new(pdf->context);
    pango_layout_set_font_description(layout, pdf->roles[key->role]);
    pango_layout_set_wrap(layout, key->form == PDF_WORDS ? PANGO_WRAP_WORD : PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(layout, alignments[key->form]);
    pango_layout_set_width(layout, key->width);
    pango_layout_set_text(layout, key->text, (int)key->len);
    pango_layout_set_attributes(layout, pdf->attributes);
    return layout;
}

PangoLayout *pdf_layout(struct pdf *pdf, enum pdf_role role, enum pdf_form form, const char *text,
                        size_t len, double width)
{
    struct key key = {.role = role, .form = form, .len = len, .text = text};
    key.width = form == PDF_UNBROKEN ? -1 : (int)(width * PANGO_SCALE);
    if (len > KEPT_BYTES_MAX)
        return lay_out(pdf, &key);
    struct kept *kept = g_hash_table_lookup(pdf->layouts, &key);
    if (kept == NULL) {
        if (g_hash_table_size(pdf->layouts) >= KEPT_MAX)
            g_hash_table_remove_all(pdf->layouts);
        kept = g_malloc(sizeof *kept + len + 1);
        *kept = (struct kept){.key = key, .layout = lay_out(pdf, &key)};
        memcpy(kept->text, text, len);
        kept->key.text = kept->text;
        g_hash_table_insert(pdf->layouts, &kept->key, kept);
    }
    return g_object_ref(kept->layout);
}
