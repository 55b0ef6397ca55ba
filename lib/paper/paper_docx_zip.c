/* lib/paper/paper_docx_zip.c - packs the parts of a DOCX.
 *
 * The document's XML is made while libzip reads it, a piece at a time, after a first pass that
 * only counts its bytes: an entry whose size is not known would need ZIP64 records, which not every
 * word processor takes. Only the packed file is in memory as a whole.
 *
 * The dates within come from the document: the same document gives the same bytes.
 */
#include "paper/paper_docx.h"

#include <errno.h>
#include <zip.h>

struct stream {
    const struct paper *paper;
    const struct paper_writing *writing;
    struct esep_reason *reason;
    struct docx_cursor cursor;
    struct docx_out piece;
    size_t taken; /* of the piece */
    uint64_t size_bytes;
    size_t told; /* units that progress heard of */
    enum esep_status status;
};

static void restart(struct stream *stream)
{
    docx_start(&stream->cursor, stream->paper);
    esep_buf_clear(&stream->piece.xml);
    stream->taken = 0;
}

/* The next piece. False: there is none, or it went wrong. */
static bool next_piece(struct stream *stream)
{
    esep_buf_clear(&stream->piece.xml);
    stream->taken = 0;
    if (!docx_next(&stream->cursor, &stream->piece))
        return false;
    if (stream->piece.status == ESEP_OK)
        return true;
    stream->status = esep_because(stream->reason, stream->piece.status,
                                  "a row or paragraph is too long for a DOCX file");
    return false;
}

static enum esep_status measure(struct stream *stream)
{
    for (restart(stream); next_piece(stream);)
        stream->size_bytes += stream->piece.xml.len;
    restart(stream);
    return stream->status;
}

static bool tell(struct stream *stream)
{
    while (stream->told < stream->cursor.done && stream->status == ESEP_OK)
        stream->status =
            paper_step(stream->writing, ++stream->told, stream->paper->unit_count, stream->reason);
    return stream->status == ESEP_OK;
}

/* Fills data; fewer bytes only at the end. -1: it went wrong, see status. */
static zip_int64_t read_some(struct stream *stream, uint8_t *data, size_t len)
{
    size_t filled = 0;
    while (filled < len) {
        size_t left = stream->piece.xml.len - stream->taken;
        if (left == 0) {
            if (!next_piece(stream))
                break;
            if (!tell(stream))
                return -1;
            continue;
        }
        size_t some = left < len - filled ? left : len - filled;
        memcpy(data + filled, stream->piece.xml.data + stream->taken, some);
        stream->taken += some;
        filled += some;
    }
    return stream->status == ESEP_OK ? (zip_int64_t)filled : -1;
}

static zip_int64_t say_error(void *data, zip_uint64_t len)
{
    zip_error_t error;
    zip_error_init_with_code(&error, ZIP_ER_INTERNAL);
    zip_int64_t said = zip_error_to_data(&error, data, len);
    zip_error_fini(&error);
    return said;
}

static zip_int64_t on_source(void *context, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
    struct stream *stream = context;
    switch (command) {
    case ZIP_SOURCE_OPEN:
        restart(stream);
        return 0;
    case ZIP_SOURCE_READ:
        return read_some(stream, data, len);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    case ZIP_SOURCE_STAT: {
        zip_stat_t *stat = data;
        zip_stat_init(stat);
        stat->valid = ZIP_STAT_SIZE;
        stat->size = stream->size_bytes;
        return (zip_int64_t)sizeof *stat;
    }
    case ZIP_SOURCE_ERROR:
        return say_error(data, len);
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                              ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
                                              -1);
    default:
        return -1;
    }
}

/* Takes source, whatever becomes of it. */
static enum esep_status add(zip_t *zip, const struct paper *paper, const char *name,
                            zip_source_t *source)
{
    if (source == NULL)
        return ESEP_NOMEM;
    zip_int64_t index = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return ESEP_NOMEM;
    }
    /* DOS days begin in 1980 and have no zone; two seconds are their finest. */
    esep_day day = 0;
    int minute = 0;
    struct esep_civil civil = {.year = 1980, .month = 1, .day = 1};
    if (paper_instant(paper, paper->about.made_at, &day, &minute))
        civil = esep_civil_from_day(day);
    int year = civil.year < 1980 ? 0 : civil.year > 2107 ? 127 : civil.year - 1980;
    unsigned date = (unsigned)(year << 9 | civil.month << 5 | civil.day);
    unsigned time = (unsigned)(minute / 60 << 11 | minute % 60 << 5);
    return zip_file_set_dostime(zip, (zip_uint64_t)index, (zip_uint16_t)time, (zip_uint16_t)date,
                                0) == 0
               ? ESEP_OK
               : ESEP_NOMEM;
}

static enum esep_status add_part(zip_t *zip, const struct paper *paper,
                                 const struct docx_part *part)
{
    struct docx_out out = {.status = ESEP_OK};
    esep_buf_init(&out.xml, DOCX_PIECE_MAX);
    part->make(paper, &out);
    enum esep_status status = out.status;
    if (status == ESEP_OK) {
        /* The source owns the bytes from now on, and frees them. */
        zip_source_t *source = zip_source_buffer(zip, out.xml.data, out.xml.len, 1);
        if (source != NULL)
            out.xml = (struct esep_buf){0};
        status = add(zip, paper, part->name, source);
    }
    esep_buf_done(&out.xml);
    return status;
}

static enum esep_status add_all(zip_t *zip, struct stream *stream)
{
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; i < docx_part_count && status == ESEP_OK; i++)
        status = add_part(zip, stream->paper, &docx_parts[i]);
    if (status == ESEP_OK)
        status = add(zip, stream->paper, "word/document.xml",
                     zip_source_function(zip, on_source, stream));
    if (status != ESEP_OK)
        return esep_because(stream->reason, status, "no memory for a DOCX file");
    return ESEP_OK;
}

static enum esep_status pour(zip_source_t *packed, FILE *out, struct esep_reason *reason)
{
    uint8_t some[16384];
    if (zip_source_open(packed) != 0)
        return esep_because(reason, ESEP_NOMEM, "no memory for a DOCX file");
    enum esep_status status = ESEP_OK;
    zip_int64_t len = 0;
    while (status == ESEP_OK && (len = zip_source_read(packed, some, sizeof some)) > 0)
        status = paper_put(out, some, (size_t)len, reason);
    zip_source_close(packed);
    if (status == ESEP_OK && len < 0)
        status = esep_because(reason, ESEP_NOMEM, "no memory for a DOCX file");
    return status == ESEP_OK ? paper_flush(out, reason) : status;
}

/* Packs into `packed`, which the caller keeps. */
static enum esep_status pack(zip_source_t *packed, struct stream *stream)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_keep(packed); /* zip_close gives one away */
    zip_t *zip = zip_open_from_source(packed, ZIP_CREATE | ZIP_TRUNCATE, &error);
    zip_error_fini(&error);
    if (zip == NULL) {
        zip_source_free(packed);
        return esep_because(stream->reason, ESEP_NOMEM, "no memory for a DOCX file");
    }
    enum esep_status status = add_all(zip, stream);
    if (status == ESEP_OK && zip_close(zip) == 0)
        return ESEP_OK;
    zip_discard(zip);
    if (status == ESEP_OK)
        status = stream->status;
    if (status == ESEP_OK)
        status = esep_because(stream->reason, ESEP_NOMEM, "the DOCX file cannot be packed");
    return status;
}

enum esep_status paper_write_docx(const struct paper *paper, FILE *out,
                                  const struct paper_writing *writing, struct esep_reason *reason)
{
    enum esep_status status = paper_ready(paper, reason);
    if (status != ESEP_OK)
        return status;
    struct stream stream = {.paper = paper, .writing = writing, .reason = reason};
    esep_buf_init(&stream.piece.xml, DOCX_PIECE_MAX);
    zip_source_t *packed = NULL;
    status = measure(&stream);
    if (status != ESEP_OK)
        goto done;
    packed = zip_source_buffer_create(NULL, 0, 0, NULL);
    status = packed != NULL ? pack(packed, &stream)
                            : esep_because(reason, ESEP_NOMEM, "no memory for a DOCX file");
    if (status == ESEP_OK)
        status = pour(packed, out, reason);
done:
    if (packed != NULL)
        zip_source_free(packed);
    esep_buf_done(&stream.piece.xml);
    return status;
}
